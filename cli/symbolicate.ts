import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import type { Command } from 'commander'
import { type CommandResult, DONE, failed, type Terminal, usage } from './command-result.ts'
import { errorCode } from './error-code.ts'
import { openFolder, readSymbolsOption } from './stackwalk.ts'
import { LogRewriter, type LogSummary } from './symbolicate-log.ts'
import { type AddressLookup, folderLookup, remoteLookup } from './symbolicate-lookup.ts'
import { type KnownModule, KnownModules, readModulesFile } from './symbolicate-modules.ts'

/** Standard input and output of a command that reads and writes bytes. */
export interface BytePipes {
  readonly input: AsyncIterable<Uint8Array>
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>
}

const STANDARD_PIPES: BytePipes = {
  input: process.stdin,
  async write(bytes) {
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
  },
}

export interface SymbolicateOptions {
  readonly url?: string
  readonly symbols?: string
  readonly token?: string
  readonly modules?: string
  readonly inlines?: true
  readonly returnAddresses?: true
}

/** Lines of the summary that name modules. */
const MAX_SUMMARY_LINES = 20

/** Rewrites logs, one after the other; the summary goes to standard error. */
export async function symbolicateLogs(
  files: readonly string[],
  options: SymbolicateOptions,
  terminal: Terminal,
  pipes: BytePipes,
): Promise<CommandResult> {
  const symbols = readSymbolsOption(options, process.env)
  if (symbols.kind === 'wrong') return symbols.result
  if (symbols.kind === 'none') return usage('Where are the symbols? Give --url URL or --symbols DIR.')
  const given: KnownModule[] = []
  if (options.modules !== undefined) {
    const read = readModulesFile(options.modules)
    if (read.kind === 'bad') return failed(read.message)
    given.push(...read.modules)
  }
  const faults = new Set<string>()
  const onFault = (fault: string) => void faults.add(fault)
  if (symbols.kind === 'server') {
    const lookup = remoteLookup(symbols.origin, symbols.token, onFault)
    return rewriteFiles(files, options, new KnownModules(given), lookup, faults, terminal, pipes)
  }
  const local = openFolder(symbols.folder, terminal)
  try {
    // Modules that were named say which of several files of one name is meant; without them the folder's own names count.
    const known = new KnownModules(given.length > 0 ? given : local.files)
    return await rewriteFiles(files, options, known, folderLookup(local, onFault), faults, terminal, pipes)
  } finally {
    await local.close()
  }
}

async function rewriteFiles(
  files: readonly string[],
  { inlines, returnAddresses }: SymbolicateOptions,
  modules: KnownModules,
  lookup: AddressLookup,
  faults: ReadonlySet<string>,
  terminal: Terminal,
  { input, write }: BytePipes,
): Promise<CommandResult> {
  const rewriting = { modules, lookup, inlines: inlines === true, returnAddresses: returnAddresses === true }
  const rewriter = new LogRewriter(rewriting)
  for (const file of files.length === 0 ? ['-'] : files) {
    try {
      const chunks: AsyncIterable<Uint8Array> =
        file === '-' ? input : createReadStream(file, { highWaterMark: READ_BYTES })
      for await (const bytes of rewriter.rewrite(chunks)) await write(bytes)
    } catch (thrown) {
      return failed(`Cannot read ${file === '-' ? 'standard input' : file} (${errorCode(thrown)}).`)
    }
  }
  for (const line of summaryLines(rewriter.summary)) terminal.err(line)
  for (const fault of faults) terminal.err(`! ${fault}`)
  return faults.size === 0 ? DONE : failed('Names are missing because symbols could not be read.')
}

const READ_BYTES = 1024 * 1024

/** What the log had, in words; reasons by the number of their addresses. */
function summaryLines({ named, unnamed, longLines, reasons }: LogSummary): readonly string[] {
  const sorted = [...reasons].sort(([, left], [, right]) => right - left)
  const more = sorted.length - MAX_SUMMARY_LINES
  return [
    `${named} of ${named + unnamed} addresses named`,
    ...sorted.slice(0, MAX_SUMMARY_LINES).map(([reason, count]) => `  ${count} × ${reason}`),
    ...(more > 0 ? [`  and ${more} more modules`] : []),
    ...(longLines > 0 ? [`  ${longLines} lines were too long to be read`] : []),
  ]
}

/** Adds `mayday symbolicate`. */
export function addSymbolicateCommand(
  program: Command,
  run: (work: Promise<CommandResult>) => Promise<void>,
  terminal: Terminal,
): void {
  program
    .command('symbolicate')
    .description('name the functions of module+0xoffset in text logs')
    .argument('[files...]', 'logs; - or none: standard input')
    .option('--url <url>', 'a Mayday symbol server')
    .option('--symbols <folder>', 'a folder of sym files instead: <debug file>/<debug id>/*.sym, or flat; also .sym.gz')
    .option('--modules <file>', 'JSON that says which modules the names mean: a memoryMap, or the JSON of a stackwalk')
    .option('-i, --inlines', 'a line for each inlined call, before the line of its frame')
    .option(
      '--return-addresses',
      'the addresses are return addresses, as backtrace() has them: look up the call before',
    )
    .option('-k, --token <token>', 'an API token with download_symbols, for a private server; default: $MAYDAY_TOKEN')
    .addHelpText(
      'after',
      `
Writes the log with " in FUNCTION (FILE:LINE)" after each offset that has a name, and every other byte as it was. A module
is told by the build id in the line, by --modules, or by its name in --symbols. What has no name stays; standard error says
why. Exit code 1 when symbols could not be read.

Example:
  npm run --silent mayday -- symbolicate --symbols build/symbols --inlines < tests.log`,
    )
    .action((files: readonly string[], options: SymbolicateOptions) =>
      run(symbolicateLogs(files, options, terminal, STANDARD_PIPES)),
    )
}
