import { readFileSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import { type DeploymentAnnotation, parseAnnotations } from '#shared/annotations/annotations-document.ts'
import { annotationRegistry } from '#shared/annotations/registry.ts'
import { MAX_ANNOTATIONS_DOCUMENT_BYTES } from '#shared/limits.ts'
import { type CommandResult, DONE, failed, type Terminal } from './command-result.ts'
import { errorCode } from './error-code.ts'

/** Says of every problem of an annotations document which entry has it; of a good one, what follows from each entry. */
function checkCommand(file: string, terminal: Terminal): CommandResult {
  const read = readText(file)
  if (read.kind !== 'text') return read
  const parsed = parseAnnotations(read.text)
  if (parsed.kind === 'malformed') {
    for (const { path, annotation, problem } of parsed.problems)
      terminal.err(`${path}${annotation === null ? '' : ` (${annotation})`}: ${problem}`)
    return failed(`${file} would not be used: ${parsed.problems.length} problems.`)
  }
  const { fields } = annotationRegistry(parsed.document)
  for (const annotation of parsed.document.annotations)
    terminal.out(entryLine(annotation, fields.find(annotation.key)?.type ?? null))
  return DONE
}

function entryLine({ name, key, type, permission }: DeploymentAnnotation, searchType: string | null): string {
  return `${name}: ${type}, ${permission}, key ${key}, ${searchType === null ? 'not searched' : `search field of type ${searchType}`}`
}

function readText(file: string): CommandResult | { readonly kind: 'text'; readonly text: string } {
  try {
    const { size } = statSync(file)
    if (size > MAX_ANNOTATIONS_DOCUMENT_BYTES)
      return failed(`${file} has more than ${MAX_ANNOTATIONS_DOCUMENT_BYTES} bytes.`)
    return { kind: 'text', text: readFileSync(file, 'utf8') }
  } catch (thrown) {
    return failed(`Cannot read ${file} (${errorCode(thrown)}).`)
  }
}

/** Adds `mayday annotations` with its own commands. */
export function addAnnotationsCommand(
  program: Command,
  run: (work: Promise<CommandResult>) => Promise<void>,
  terminal: Terminal,
): void {
  program
    .command('annotations')
    .description('crash annotations that a deployment adds to the built-in ones')
    .command('check')
    .description('look at an annotations document before it goes to R2 CONFIG as annotations.json')
    .argument('<file>', 'the document, JSON')
    .addHelpText(
      'after',
      `
Names every mistake by its entry, and exits with 1. Of a good document, says what follows from each entry.

Example:
  npm run --silent mayday -- annotations check annotations.json`,
    )
    .action((file: string) => run(Promise.resolve(checkCommand(file, terminal))))
}
