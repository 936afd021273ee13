import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Command, Option } from 'commander'
import { crashDataOf } from '#shared/signature/crash-data.ts'
import { generateSignature } from '#shared/signature/generate.ts'
import type { SignatureLists } from '#shared/signature/lists.ts'
import { type CommandResult, DONE, failed, type Terminal, usage } from './command-result.ts'
import { LocalSymbols } from './local-symbols.ts'
import { userCacheFolder } from './local-symbols-index.ts'
import {
  folderSource,
  NO_SYMBOLS,
  type PartialSource,
  remoteSource,
  startLocalSymbolsServer,
} from './local-symbols-server.ts'
import { originOf } from './origin.ts'
import { ROOT } from './repository.ts'
import { BUILT_IN, readListFolder } from './signature-lists.ts'
import { type WalkedDump, walkDump } from './stackwalk-dump.ts'
import { printable, readStackwalkReport } from './stackwalk-report.ts'
import { type ShownThreads, stackwalkMarkdown, stackwalkText } from './stackwalk-text.ts'
import { startStackwalker } from './stackwalker.ts'
import { buildStackwalker, stackwalkerPaths } from './stackwalker-build.ts'
import { stopSignal } from './stop-signal.ts'

const FORMATS = ['text', 'markdown', 'json'] as const
type Format = (typeof FORMATS)[number]

interface StackwalkOptions {
  readonly url?: string
  readonly symbols?: string
  readonly token?: string
  readonly format: Format
  readonly threads: ShownThreads
  readonly lists: string
}

/** Where the symbols come from, as the options say. */
export type SymbolsOption =
  | { readonly kind: 'none' }
  | { readonly kind: 'server'; readonly origin: string; readonly token: string | null }
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'wrong'; readonly result: CommandResult }

/** Reads `--url`, `--symbols` and `--token`; the token's default is $MAYDAY_TOKEN. */
export function readSymbolsOption(
  options: { readonly url?: string; readonly symbols?: string; readonly token?: string },
  environment: NodeJS.ProcessEnv,
): SymbolsOption {
  const { url, symbols } = options
  const wrong = (result: CommandResult): SymbolsOption => ({ kind: 'wrong', result })
  if (url !== undefined && symbols !== undefined) return wrong(usage('Give --url or --symbols, not both.'))
  if (symbols !== undefined) {
    if (statSync(symbols, { throwIfNoEntry: false })?.isDirectory() === true) return { kind: 'folder', folder: symbols }
    return wrong(usage(`--symbols must be a folder of sym files; ${symbols} is none.`))
  }
  if (url === undefined) return { kind: 'none' }
  const origin = originOf(url)
  if (origin === null) {
    return wrong(usage(`--url must be an http or https address, such as http://localhost:8787; got "${url}".`))
  }
  return { kind: 'server', origin, token: options.token ?? environment.MAYDAY_TOKEN ?? null }
}

async function stackwalkCommand(
  dumps: readonly string[],
  options: StackwalkOptions,
  terminal: Terminal,
): Promise<CommandResult> {
  const symbols = readSymbolsOption(options, process.env)
  if (symbols.kind === 'wrong') return symbols.result
  const lists = readListFolder(options.lists)
  if (lists.kind === 'bad') return failed(lists.message)
  // Standard output is the report's.
  const progress: Terminal = { ...terminal, out: terminal.err }
  const stop = stopSignal()
  const built = await buildStackwalker(
    stackwalkerPaths(ROOT, process.env),
    process.env,
    progress,
    stop.signal,
    'Without the stackwalker no dump can be walked.',
  )
  if (built.kind === 'failed') return failed(built.message)
  if (built.value === null) return failed(built.kind === 'warned' ? built.note : 'There is no stackwalker.')
  const faults = new Set<string>()
  const source = symbolsSource(symbols, progress, (fault) => faults.add(fault))
  const folder = mkdtempSync(path.join(tmpdir(), 'mayday-stackwalk-'))
  const server = await startLocalSymbolsServer(source.answer)
  const trouble: string[] = []
  try {
    const service = await startStackwalker({
      binary: built.value,
      symbolsUrl: server.url,
      cache: source.cacheFolder ?? folder,
      log: { write: (_, line) => void trouble.push(line) },
      onRestart: progress.err,
    })
    if (service.kind === 'failed') return failed(`The stackwalker did not start.\n${trouble.join('\n')}`)
    try {
      const walk = (dump: string) => walkDump(service.value.url, dump, (text) => progress.err(`${dump}: ${text}`))
      return await walkAll(dumps, walk, options, lists.lists, symbols, terminal, faults, stop.fired)
    } finally {
      await service.value.stop()
    }
  } finally {
    await server.stop()
    await source.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function walkAll(
  dumps: readonly string[],
  walk: (dump: string) => Promise<WalkedDump>,
  { format, threads }: StackwalkOptions,
  lists: SignatureLists,
  symbols: SymbolsOption,
  terminal: Terminal,
  faults: ReadonlySet<string>,
  stopped: Promise<null>,
): Promise<CommandResult> {
  let failures = 0
  let lacking = 0
  let printed = 0
  for (const [at, dump] of dumps.entries()) {
    if (dumps.length > 1) terminal.err(`walking ${at + 1} of ${dumps.length}: ${dump}`)
    // What it walks then ends with the stackwalker.
    const walked = await Promise.race([walk(dump), stopped])
    if (walked === null) return failed('interrupted')
    if (walked.kind === 'walked') {
      if (printed > 0 && format !== 'json') terminal.out('')
      printed += 1
      terminal.out(reportOf(dump, walked.jsonDump, { format, threads }, lists, symbols))
      if (walked.unavailable > 0) {
        lacking += 1
        terminal.err(`${dump}: the symbols of ${walked.unavailable} modules could not be read.`)
      }
      continue
    }
    failures += 1
    terminal.err(`${dump} was not walked: ${walked.status}: ${printable(walked.detail)}`)
    if (format === 'json') terminal.out(JSON.stringify({ dump, status: walked.status, detail: walked.detail }))
  }
  for (const fault of faults) terminal.err(`! ${fault}`)
  if (failures > 0) return failed(`${failures} of ${dumps.length} dumps could not be walked.`)
  return faults.size + lacking === 0 ? DONE : failed('Names are missing because symbols could not be read.')
}

function reportOf(
  dump: string,
  jsonDump: Record<string, unknown>,
  { format, threads }: Pick<StackwalkOptions, 'format' | 'threads'>,
  lists: SignatureLists,
  symbols: SymbolsOption,
): string {
  const signed = generateSignature(crashDataOf({ json_dump: jsonDump }), lists)
  const { signature, proto_signature, notes } = signed
  if (format === 'json') return JSON.stringify({ dump, signature, proto_signature, notes, json_dump: jsonDump })
  const report = readStackwalkReport(jsonDump)
  if (report === null) throw new Error('the stackwalker wrote a report of an unknown form')
  const shown = { dump, report, signature: printable(signature) }
  const advice = symbolsAdvice(symbols)
  return format === 'text' ? stackwalkText(shown, threads, advice) : stackwalkMarkdown(shown, threads, advice)
}

/** What to do about modules without symbols. */
function symbolsAdvice(symbols: SymbolsOption): string {
  switch (symbols.kind) {
    case 'server':
      return `${symbols.origin} has no sym files of these. Make them with dump_syms and upload them: mayday upload-symbols --url ${symbols.origin} PATH`
    case 'folder':
      return `${symbols.folder} has no sym files of these. Make them with dump_syms and put them there.`
    case 'none':
    case 'wrong':
      return 'No symbols were given: --url URL takes them from a symbol server, --symbols DIR from a folder of sym files.'
  }
}

/** Symbols for the time of a command. */
interface OpenSource {
  readonly answer: PartialSource
  /** Where the stackwalker keeps them for the next time; null: nowhere, they are at hand. */
  readonly cacheFolder: string | null
  close(): Promise<void>
}

function symbolsSource(option: SymbolsOption, progress: Terminal, onFault: (text: string) => void): OpenSource {
  switch (option.kind) {
    case 'server': {
      const name = option.origin.replaceAll(/[^a-z0-9.-]+/g, '_')
      const cacheFolder = path.join(userCacheFolder(process.env, 'symbols'), name)
      return {
        answer: remoteSource(option.origin, option.token, onFault),
        cacheFolder,
        async close() {},
      }
    }
    case 'folder': {
      const local = openFolder(option.folder, progress)
      return { answer: folderSource(local), cacheFolder: null, close: () => local.close() }
    }
    case 'none':
    case 'wrong':
      return { answer: NO_SYMBOLS, cacheFolder: null, async close() {} }
  }
}

/** The sym files of a folder; each index that must be built is named on standard error. */
export function openFolder(folder: string, progress: Terminal): LocalSymbols {
  const named = new Set<string>()
  return new LocalSymbols(folder, userCacheFolder(process.env, 'indexes'), (file, _, totalBytes) => {
    if (named.has(file.path)) return
    named.add(file.path)
    progress.err(`indexing ${file.path} (${(totalBytes / 1024 ** 2).toFixed(1)} MiB, once)`)
  })
}

/** Adds `mayday stackwalk`. */
export function addStackwalkCommand(
  program: Command,
  run: (work: Promise<CommandResult>) => Promise<void>,
  terminal: Terminal,
): void {
  program
    .command('stackwalk')
    .description('print the stack and the signature of local minidumps')
    .argument('<dumps...>', 'minidump files')
    .option('--url <url>', 'a Mayday symbol server; only the records around the frames are fetched')
    .option('--symbols <folder>', 'a folder of sym files instead: <debug file>/<debug id>/*.sym, or flat; also .sym.gz')
    .option('-k, --token <token>', 'an API token with download_symbols, for a private server; default: $MAYDAY_TOKEN')
    .addOption(new Option('--format <format>', 'what is printed a dump').choices(FORMATS).default('text'))
    .addOption(new Option('--threads <threads>', 'which threads').choices(['crashing', 'all']).default('crashing'))
    .option('--lists <folder>', `a folder of signature lists in Socorro's format, or "${BUILT_IN}"`, BUILT_IN)
    .addHelpText(
      'after',
      `
json: one object a line, {"dump", "signature", "proto_signature", "notes", "json_dump"}, or {"dump", "status", "detail"}
for a dump that was not walked. Builds the stackwalker first where it is missing (needs cargo). Exit code 1 when a dump
could not be walked, or symbols could not be read; standard error says why.

Example:
  npm run --silent mayday -- stackwalk --url https://symbols.example.com --format markdown crash.dmp`,
    )
    .action((dumps: readonly string[], options: StackwalkOptions) => run(stackwalkCommand(dumps, options, terminal)))
}
