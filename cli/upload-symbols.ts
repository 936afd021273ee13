import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SingleBar } from 'cli-progress'
import type { Command } from 'commander'
import { type BegunUploads, begunUploadsFolder, begunUploadsIn, NO_BEGUN_UPLOADS } from './begun-uploads.ts'
import { type CommandResult, DONE, failed, type Terminal, usage } from './command-result.ts'
import { originOf } from './origin.ts'
import { findSymbolFiles, type SymbolFile } from './symbol-files.ts'
import { PartsClient, saidText } from './symbol-parts.ts'
import { type UploadOutcome, type UploadTarget, uploadZip } from './symbol-upload.ts'
import { type PackedZip, packSymbolZips } from './symbol-zip.ts'
import { uploadInParts } from './upload-in-parts.ts'
import { NO_PROGRESS, type UploadProgress, type UploadSummary } from './upload-progress.ts'

interface UploadOptions {
  readonly url: string
  readonly token?: string
  readonly try?: true
  readonly revision?: string
}

/** Uploads symbol files: in parts where the server takes them, so that a cut connection costs a part and no more; else in zips. */
export async function uploadSymbolFiles(
  found: readonly SymbolFile[],
  target: UploadTarget,
  progress: UploadProgress,
  begun: BegunUploads = NO_BEGUN_UPLOADS,
): Promise<UploadSummary> {
  const client = new PartsClient(target)
  const offered = await client.isOffered()
  if (offered.kind !== 'ok') return { files: 0, failures: [`${target.origin}: ${saidText(offered)}`] }
  if (!offered.body) return uploadZips(found, target, progress)
  const inParts = await uploadInParts(found, target, client, begun, progress)
  const left = found.filter((file) => file.kind === 'zip' && inParts.leftZips.includes(file.path))
  const inZips = await uploadZips(left, target, progress)
  return { files: inParts.files + inZips.files, failures: [...inParts.failures, ...inZips.failures] }
}

/** Packs and uploads symbol files, a zip at a time, and goes on after a failure so that the rest is not lost. */
async function uploadZips(
  found: readonly SymbolFile[],
  target: UploadTarget,
  progress: UploadProgress,
): Promise<UploadSummary> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mayday-symbols-'))
  const failures: string[] = []
  let files = 0
  const upload = async (zip: string, names: readonly string[]) => {
    const outcome = await uploadZip(zip, target)
    const failure = failureText(outcome)
    if (failure !== null) failures.push(`${names.join(', ')}: ${failure}`)
    else files += names.length
    progress.uploaded(
      names.length,
      failure === null ? uploadedText(outcome, names) : `failed: ${names.join(', ')}: ${failure}`,
    )
  }
  try {
    for await (const packed of packSymbolZips(
      found.filter((file) => file.kind === 'file'),
      folder,
    )) {
      if (packed.kind === 'unreadable') {
        failures.push(`${packed.path}: ${packed.detail}`)
        progress.uploaded(1, `failed: ${packed.path}: ${packed.detail}`)
        continue
      }
      await upload(packed.path, packed.keys)
      removeZip(packed)
    }
    for (const file of found) if (file.kind === 'zip') await upload(file.path, [file.path])
    return { files, failures }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function removeZip(packed: Extract<PackedZip, { kind: 'zip' }>): void {
  rmSync(packed.path, { force: true })
}

function uploadedText(outcome: UploadOutcome, names: readonly string[]): string {
  const upload =
    outcome.kind === 'uploaded'
      ? ` (upload ${outcome.uploadId}${outcome.unpacking ? ', still being unpacked' : ''})`
      : ''
  return `uploaded ${names.length === 1 ? names.join() : `${names.length} files`}${upload}`
}

function failureText(outcome: UploadOutcome): string | null {
  switch (outcome.kind) {
    case 'uploaded':
      return null
    case 'refused':
      return `the server refused it (${outcome.status}): ${outcome.text}`
    case 'unavailable':
      return `the server could not take it (${outcome.detail})`
  }
}

async function uploadCommand(
  paths: readonly string[],
  options: UploadOptions,
  terminal: Terminal,
): Promise<CommandResult> {
  const origin = originOf(options.url)
  if (origin === null)
    return usage(`--url must be an http or https address, such as http://localhost:8787; got "${options.url}".`)
  const token = options.token ?? process.env.MAYDAY_TOKEN ?? ''
  if (token === '')
    return usage('No token: give --token or set MAYDAY_TOKEN (`mayday token create` makes one with upload_symbols).')
  const found = await findSymbolFiles(paths)
  for (const file of found) if (file.kind === 'skipped') terminal.err(`skipped ${file.path}: ${file.reason}`)
  const total = found.filter((file) => file.kind !== 'skipped').length
  const named = found.filter((file) => file.kind === 'skipped' && file.named).length
  if (total === 0) return failed('No symbol files were found in these paths.')
  const progress = terminal.interactive ? progressBar(total) : progressLines(terminal)
  const begun = begunUploadsIn(begunUploadsFolder(process.env), () => Date.now())
  const target = { origin, token, trySymbols: options.try === true, revision: options.revision }
  const summary = await uploadSymbolFiles(found, target, progress, begun)
  progress.end()
  for (const failure of summary.failures) if (terminal.interactive) terminal.err(`failed: ${failure}`)
  const all = Math.max(total, summary.files + summary.failures.length)
  const uploaded = `Uploaded ${summary.files} of ${all} symbol files to ${origin}.`
  if (summary.failures.length === 0 && named === 0) {
    terminal.out(uploaded)
    return DONE
  }
  return failed(
    `${uploaded} What failed or was skipped is named above; run the same command again; the server skips what it has.`,
  )
}

interface EndingProgress extends UploadProgress {
  end(): void
}

function progressBar(total: number): EndingProgress {
  const bar = new SingleBar({
    format: 'symbols [{bar}] {value}/{total} files, {sent} MB sent, {eta_formatted} left',
    stream: process.stderr,
  })
  let sentBytes = 0
  bar.start(total, 0, { sent: 0 })
  return {
    found: (files) => bar.setTotal(files),
    sent: (bytes) => {
      sentBytes += bytes
      bar.update({ sent: Math.round(sentBytes / 1_000_000) })
    },
    uploaded: (files) => bar.increment(files),
    note: () => {},
    end: () => bar.stop(),
  }
}

function progressLines(terminal: Terminal): EndingProgress {
  return {
    ...NO_PROGRESS,
    uploaded: (_files, line) => terminal.err(line),
    note: (line) => terminal.err(line),
    end: () => {},
  }
}

/** Adds `mayday upload-symbols`. */
export function addUploadSymbolsCommand(
  program: Command,
  run: (work: Promise<CommandResult>) => Promise<void>,
  terminal: Terminal,
): void {
  program
    .command('upload-symbols')
    .description('upload Breakpad sym files, folders of them, or zips')
    .argument('<path...>', 'sym files (.sym, .sym.gz), folders and zips')
    .requiredOption('--url <url>', 'the fleet, or the symbol server')
    .option('--token <token>', 'an API token with upload_symbols (or upload_try_symbols); default: $MAYDAY_TOKEN')
    .option('--try', 'upload as try symbols, which expire after four weeks')
    .option('--revision <rev>', 'the commit or tag that they were built from: report pages link to its source')
    .addHelpText(
      'after',
      `
A sym file is stored where its MODULE line says; other files must lie at <debug file>/<debug id>/<file>.
Files go in parts, four at once, and what the server has is skipped. A cut connection is taken up again, and running the same command
again goes on with an upload that was interrupted. A server that takes no parts gets zips of up to 20 MiB. Exit code 1 when any file failed.

Example:
  npm run --silent mayday -- upload-symbols --url http://localhost:8787 --token "$MAYDAY_TOKEN" build/symbols`,
    )
    .action((paths: string[], options: UploadOptions) => run(uploadCommand(paths, options, terminal)))
}
