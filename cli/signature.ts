import type { Command } from 'commander'
import { generateSignature } from '#shared/signature/generate.ts'
import { type CommandResult, DONE, failed, type Terminal } from './command-result.ts'
import { errorCode } from './error-code.ts'
import { type DiffOptions, diffCommand } from './signature-diff.ts'
import { inputLines } from './signature-input.ts'
import { BUILT_IN, readListFolder, writeListFolder } from './signature-lists.ts'

interface SignatureOptions {
  readonly lists: string
}

/** Signs standard input, one line at a time: nothing is held, so a day of crash pings streams through. */
async function signatureCommand(options: SignatureOptions, terminal: Terminal): Promise<CommandResult> {
  const folder = readListFolder(options.lists)
  if (folder.kind === 'bad') return failed(folder.message)
  let badLines = 0
  try {
    for await (const line of inputLines('-')) {
      if (line.kind === 'bad') {
        badLines += 1
        terminal.err(line.message)
        continue
      }
      const { signature, notes, proto_signature } = generateSignature(line.crashData, folder.lists)
      terminal.out(JSON.stringify({ signature, notes, proto_signature }))
    }
  } catch (thrown) {
    return failed(`Cannot read standard input (${errorCode(thrown)}).`)
  }
  return badLines === 0 ? DONE : failed(`${badLines} lines could not be signed.`)
}

/** Adds `mayday signature` with its own commands. */
export function addSignatureCommand(
  program: Command,
  run: (work: Promise<CommandResult>) => Promise<void>,
  terminal: Terminal,
): void {
  const signature = program
    .command('signature')
    .description('sign crashes: one JSON object of crash data, or a whole processed crash, a line on standard input')
    // So that `signature diff --lists OLD NEW` reaches diff.
    .enablePositionalOptions()
    .option('--lists <folder>', `a folder of signature lists in Socorro's format, or "${BUILT_IN}"`, BUILT_IN)
    .addHelpText(
      'after',
      `
Writes {"signature", "notes", "proto_signature"} a line. A line that cannot be signed is named on standard error, and the
exit code is 1 at the end.

Example:
  npm run --silent mayday -- signature < crashes.ndjson`,
    )
    .action((options: SignatureOptions) => run(signatureCommand(options, terminal)))

  signature
    .command('diff')
    .description('what a change of the lists does: signatures merged, split, renamed and unchanged')
    .requiredOption('--lists <folders...>', `two folders, the old lists and the new ones ("${BUILT_IN}": the built-in)`)
    .option('--input <file>', 'crashes, one JSON object a line; - for standard input', '-')
    .option('--json', 'write one JSON object instead of text')
    .addHelpText(
      'after',
      `
Example:
  npm run --silent mayday -- signature diff --lists default my-lists --input crashes.ndjson`,
    )
    .action((options: DiffOptions) => run(diffCommand(options, terminal)))

  signature
    .command('lists')
    .description('write the built-in lists into a folder, to start your own from')
    .argument('<folder>', 'a folder that is new or empty')
    .addHelpText(
      'after',
      `
Example:
  npm run --silent mayday -- signature lists my-lists`,
    )
    .action((folder: string) =>
      run(
        Promise.resolve(writeListFolder(folder)).then((problem): CommandResult => {
          return problem === null ? DONE : failed(problem)
        }),
      ),
    )
}
