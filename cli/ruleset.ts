import type { Command } from 'commander'
import { systemClock } from '#shared/clock.ts'
import { MAX_DRY_RUN_CRASHES } from '#shared/limits.ts'
import { DryRun, type DryRunReport, dryRunDays, type WouldBe } from '#shared/throttle/dry-run.ts'
import type { Ruleset } from '#shared/throttle/ruleset.ts'
import { type CommandResult, DONE, failed, type Terminal, usage } from './command-result.ts'
import { originOf } from './origin.ts'
import { readRuleset } from './ruleset-file.ts'
import { CrashesUnreadable, crashesOverApi, lastDays, readRawCrashFile } from './stored-crashes.ts'

const MAX_DAYS = 31

interface DryRunOptions {
  readonly url?: string
  readonly token?: string
  readonly days: string
  readonly max: string
  readonly json?: true
}

/** Says of every mistake of a ruleset which rule has it; of a good one, its rules in their order. */
function checkCommand(file: string, terminal: Terminal): CommandResult {
  const read = readRuleset(file)
  if (read.kind !== 'ruleset') return read
  for (const { name, result, percent, otherwise } of read.ruleset.rules)
    terminal.out(`${name}: ${percent === 100 ? result : `${result} ${percent} %, else ${otherwise}`}`)
  return DONE
}

async function dryRunCommand(
  file: string,
  crashFiles: readonly string[],
  options: DryRunOptions,
  terminal: Terminal,
): Promise<CommandResult> {
  const read = readRuleset(file)
  if (read.kind !== 'ruleset') return read
  try {
    const report =
      options.url === undefined
        ? fromFiles(read.ruleset, crashFiles)
        : await fromApi(read.ruleset, options.url, options)
    if ('kind' in report) return report
    if (options.json === true) terminal.out(JSON.stringify(report))
    else for (const line of reportText(report)) terminal.out(line)
    return DONE
  } catch (thrown) {
    if (thrown instanceof CrashesUnreadable) return failed(thrown.message)
    throw thrown
  }
}

function fromFiles(ruleset: Ruleset, files: readonly string[]): DryRunReport | CommandResult {
  if (files.length === 0) return usage('Give raw crashes: JSON files, or --url with --token.')
  const run = new DryRun(ruleset)
  for (const file of files) run.add(readRawCrashFile(file))
  return run.report()
}

async function fromApi(ruleset: Ruleset, url: string, { token = '', days, max }: DryRunOptions) {
  const origin = originOf(url)
  if (origin === null) return usage(`--url takes an address such as http://localhost:8787; got "${url}".`)
  if (!isBetween(days, 1, MAX_DAYS)) return usage(`--days takes 1 to ${MAX_DAYS}; got "${days}".`)
  if (!isBetween(max, 1, MAX_DRY_RUN_CRASHES)) return usage(`--max takes 1 to ${MAX_DRY_RUN_CRASHES}; got "${max}".`)
  return dryRunDays(ruleset, lastDays(Number(days), systemClock()), crashesOverApi(origin, token), Number(max))
}

function isBetween(text: string, least: number, most: number): boolean {
  return /^\d{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most
}

/** The dry run in words: by rule, then by product. */
function reportText(report: DryRunReport & { readonly unread?: number }): readonly string[] {
  const rules = report.rules.filter(({ did, would }) => did > 0 || Object.values(would).some((share) => share > 0))
  return [
    `${report.ruleset} over ${report.stored} stored crashes, which stand for ${number(report.sent)} reports`,
    ...((report.unread ?? 0) > 0 ? [`${report.unread} crashes are gone or cannot be read`] : []),
    '',
    ...table([
      ['rule', 'kept then', ...WOULD],
      ...rules.map(({ rule, did, would }) => [rule, number(did), ...shares(would)]),
    ]),
    '',
    ...table([
      ['product', 'kept then', ...WOULD.slice(0, 3)],
      ...report.products.map(({ product, stored, would }) => [
        product || '(none)',
        number(stored),
        ...shares(would).slice(0, 3),
      ]),
    ]),
  ]
}

const WOULD = ['would accept', 'reject', 'fake_accept', 'continue']
const shares = ({ accept, reject, fake_accept, continue: goOn }: WouldBe) =>
  [accept, reject, fake_accept, goOn].map(number)

/** Expected numbers are not whole: 3 reports by a rule of 10 % are 0.3. */
function number(count: number): string {
  return String(Number(count.toFixed(1)))
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
}

/** Adds `mayday ruleset` with its own commands. */
export function addRulesetCommand(
  program: Command,
  run: (work: Promise<CommandResult>) => Promise<void>,
  terminal: Terminal,
): void {
  const ruleset = program.command('ruleset').description('throttle rules: which reports the collector keeps')
  ruleset
    .command('check')
    .description('look at a ruleset before it goes to R2 CONFIG as throttle.json')
    .argument('<ruleset>', 'a JSON file, or accept-everything or mozilla')
    .addHelpText(
      'after',
      `
Names every mistake by its rule and field, and exits with 1.

Example:
  npm run --silent mayday -- ruleset check throttle.json`,
    )
    .action((file: string) => run(Promise.resolve(checkCommand(file, terminal))))
  ruleset
    .command('dry-run')
    .description('what a ruleset would do with reports that are stored')
    .argument('<ruleset>', 'a JSON file, or accept-everything or mozilla')
    .argument('[crash...]', 'raw crashes as JSON files')
    .option('--url <url>', 'a running Mayday, instead of files')
    .option('--token <token>', 'an API token with view_pii: rules look at protected annotations too')
    .option('--days <n>', 'crashes of the last n days, today with them', '1')
    .option('--max <n>', 'crashes that are read at most, some of each day', '1000')
    .option('--json', 'one JSON object instead of tables')
    .addHelpText(
      'after',
      `
A stored crash counts with its sample_weight: it stands for the reports that were sent. Draws are reckoned, not made, so the numbers are expected
ones. Reports that were rejected are not stored, so a dry run cannot bring them back.

Examples:
  npm run --silent mayday -- ruleset dry-run throttle.json --url http://localhost:8787 --token "$MAYDAY_TOKEN" --days 7
  npm run --silent mayday -- ruleset dry-run mozilla crashes/*.json`,
    )
    .action((file: string, crashes: readonly string[], options: DryRunOptions) =>
      run(dryRunCommand(file, crashes, options, terminal)),
    )
}
