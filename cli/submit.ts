import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Command } from 'commander'
import { type CommandResult, DONE, failed, type Terminal, usage } from './command-result.ts'
import { originOf } from './origin.ts'

/** The collector answers within this time; it waits 60 s for a body itself. */
const SUBMIT_DEADLINE_MS = 90_000

/** One crash annotation. A name may be given twice; the collector decides. */
export interface Annotation {
  readonly name: string
  readonly value: string
}

/** A crash report to post. */
export interface CrashReport {
  readonly annotations: readonly Annotation[]
  /** The minidump's bytes and the file name that the collector sees, or null for a report without one. */
  readonly dump: { readonly bytes: Uint8Array<ArrayBuffer>; readonly fileName: string } | null
}

/** What the collector said. */
export type Submission =
  | { readonly kind: 'accepted'; readonly crashId: string }
  | { readonly kind: 'discarded'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly detail: string }

/** Posts a crash report as Breakpad clients do: multipart, the minidump as `upload_file_minidump`. */
export async function postCrashReport(origin: string, report: CrashReport, gzip: boolean): Promise<Submission> {
  const form = new FormData()
  for (const { name, value } of report.annotations) form.append(name, value)
  if (report.dump !== null) {
    const file = new Blob([report.dump.bytes], { type: 'application/octet-stream' })
    form.append('upload_file_minidump', file, report.dump.fileName)
  }
  const encoded = new Response(form)
  const headers = {
    'Content-Type': encoded.headers.get('Content-Type') ?? '',
    ...(gzip && { 'Content-Encoding': 'gzip' }),
  }
  const plain = Buffer.from(await encoded.arrayBuffer())
  try {
    const response = await fetch(new URL('/submit', origin), {
      method: 'POST',
      headers,
      body: gzip ? gzipSync(plain) : plain,
      signal: AbortSignal.timeout(SUBMIT_DEADLINE_MS),
    })
    return readAnswer(response.status, await response.text())
  } catch (thrown) {
    return { kind: 'unavailable', detail: connectionText(thrown) }
  }
}

/** Reads the collector's answer: `CrashID=bp-…`, or the bare id that Crashpad clients get, or `Discarded=<reason>`. */
export function readAnswer(status: number, body: string): Submission {
  const crashId = /^(?:CrashID=)?(?:bp-)?([0-9a-f-]{36})\s*$/m.exec(body)?.[1]
  if (status === 200 && crashId !== undefined) return { kind: 'accepted', crashId }
  const reason = /^Discarded=(\S+)\s*$/m.exec(body)?.[1]
  if (reason !== undefined) return { kind: 'discarded', reason }
  return { kind: 'unavailable', detail: `HTTP ${status} ${body.trim().slice(0, 200)}`.trim() }
}

/** A refusal in words. The reason codes are the collector's own, so that they can be looked up. */
export function discardedText(reason: string): string {
  if (reason.startsWith('rule_'))
    return `The collector discarded the report by throttle rule "${reason.slice('rule_'.length)}".`
  if (reason.startsWith('malformed_')) return `The collector could not read the report: ${reason}.`
  return `The collector refused the report: ${reason}.`
}

/** Why a request got no answer: undici hides the system's reason in `cause`. */
export function connectionText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.cause instanceof Error && thrown.cause.message !== '' ? thrown.cause.message : thrown.message
}

/** Reads `NAME=VALUE`; the value may hold further `=` and may be empty. Null when it is not of that form. */
export function readAnnotation(text: string): Annotation | null {
  const at = text.indexOf('=')
  return at < 1 ? null : { name: text.slice(0, at), value: text.slice(at + 1) }
}

interface SubmitOptions {
  readonly url: string
  readonly annotation?: readonly string[]
  readonly gzip?: true
}

async function submitCommand(
  dump: string | undefined,
  options: SubmitOptions,
  terminal: Terminal,
): Promise<CommandResult> {
  const origin = originOf(options.url)
  if (origin === null)
    return usage(`--url must be an http or https address, such as http://localhost:8787; got "${options.url}".`)
  const annotations: Annotation[] = []
  for (const text of options.annotation ?? []) {
    const annotation = readAnnotation(text)
    if (annotation === null) return usage(`-a takes NAME=VALUE, such as -a ProductName=WaterWolf; got "${text}".`)
    annotations.push(annotation)
  }
  if (dump === undefined && annotations.length === 0)
    return usage('Nothing to submit: give a DUMP file, or annotations with -a NAME=VALUE.')
  const read = dump === undefined ? null : readDump(dump)
  if (read?.kind === 'unreadable') return failed(`Cannot read the dump ${dump}: ${read.detail}.`)
  const submission = await postCrashReport(origin, { annotations, dump: read }, options.gzip === true)
  switch (submission.kind) {
    case 'accepted':
      terminal.out(submission.crashId)
      return DONE
    case 'discarded':
      return failed(discardedText(submission.reason))
    case 'unavailable':
      return failed(`${origin} did not take the report (${submission.detail}). Keep it and submit it again later.`)
  }
}

type DumpRead =
  | { readonly kind: 'dump'; readonly bytes: Uint8Array<ArrayBuffer>; readonly fileName: string }
  | { readonly kind: 'unreadable'; readonly detail: string }

function readDump(file: string): DumpRead {
  try {
    return { kind: 'dump', bytes: new Uint8Array(readFileSync(file)), fileName: path.basename(file) }
  } catch (thrown) {
    return { kind: 'unreadable', detail: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

/** Adds `mayday submit`. */
export function addSubmitCommand(
  program: Command,
  run: (work: Promise<CommandResult>) => Promise<void>,
  terminal: Terminal,
): void {
  program
    .command('submit')
    .description('post a crash report and print its crash id')
    .argument('[dump]', 'a minidump file')
    .requiredOption('--url <url>', 'the fleet, or the collector')
    .option('-a, --annotation <name=value>', 'a crash annotation (repeatable)', collect)
    .option('--gzip', 'compress the body, as Firefox does')
    .addHelpText(
      'after',
      `
Exit code 1 when the collector discards the report; its reason is on standard error.

Example:
  npm run --silent mayday -- submit --url http://localhost:8787 -a ProductName=WaterWolf -a Version=1.0 crash.dmp`,
    )
    .action((dump: string | undefined, options: SubmitOptions) => run(submitCommand(dump, options, terminal)))
}

/** Gathers the values of a repeatable option. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}
