import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buildStackwalker, findCargo, isBuilt, stackwalkerPaths } from '../cli/stackwalker-build.ts'
import { formatSeconds } from '../cli/step.ts'
import { pools } from '../test/support/pools.ts'
import { findChromium } from './chromium.ts'
import { type ProgramRun, printStep, ROOT, runProgram } from './program.ts'
import {
  addCounts,
  cargoCounts,
  countsLine,
  NO_TESTS,
  ONE_FAILURE,
  type TestCounts,
  type VitestRun,
  vitestCounts,
  vitestRun,
  withRepeated,
} from './test-counts.ts'

/**
 * The whole suite: `npm test`, or `npm run test:long` for generated suites at their full size. The last line is
 * `N passed, N failed`; a build, lint or check that fails counts as one failure, and the rest still runs.
 */
const CONTAINER = path.join(ROOT, 'container')
const MAX_SEED = 2 ** 31
/** The longest test file prints nothing for two minutes on a quiet machine; at full size for an hour. */
const SILENCE_MS = (process.argv.includes('--long') ? 180 : 8) * 60_000

const environment: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${path.join(ROOT, 'node_modules', '.bin')}${path.delimiter}${process.env.PATH}`,
  MAYDAY_SEED: process.env.MAYDAY_SEED ?? String(randomInt(MAX_SEED)),
  ...(process.argv.includes('--long') && { MAYDAY_TEST_SIZE: 'full' }),
}

/** Chromium for the e2e tests: Debian's own where this user may install it. Without it the tests that need it fail and say so. */
async function ensureChromium(): Promise<void> {
  if (findChromium() === null) {
    const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
    const [program = '', ...before] = [...asRoot, 'apt-get']
    if (spawnSync(program, [...before, '--version']).status === 0) {
      await runProgram(program, [...before, 'update', '-q'], { environment })
      const run = await runProgram(program, [...before, 'install', '-y', '-q', 'chromium'], { environment })
      printStep('install Chromium', run)
    }
  }
  const chromium = findChromium()
  console.log(
    chromium === null
      ? '! Chromium is missing, so its tests will fail: install it (Debian: `apt-get install chromium`) or set CHROMIUM to its path'
      : `✓ Chromium: ${chromium}`,
  )
}

async function testContainer(): Promise<TestCounts> {
  const cargo = findCargo(environment)
  if (cargo === null) {
    console.log('✗ cargo is missing: install Rust (rustup.rs); the stackwalker can be neither built nor tested')
    return ONE_FAILURE
  }
  let counts = NO_TESTS
  const paths = stackwalkerPaths(ROOT, environment)
  const terminal = { out: console.log, err: console.error, interactive: process.stderr.isTTY === true }
  const startedAt = performance.now()
  await buildStackwalker(paths, environment, terminal, new AbortController().signal)
  const built = isBuilt(paths)
  printStep('build the stackwalker', { ok: built, output: '', tookMs: performance.now() - startedAt, hung: false })
  if (!built) return ONE_FAILURE
  const optional = [
    { tool: 'fmt', args: ['fmt', '--check'] },
    { tool: 'clippy', args: ['clippy', '--release', '--locked', '--all-targets', '--', '-D', 'warnings'] },
  ]
  for (const { tool, args } of optional) {
    if (spawnSync(cargo, [tool, '--version'], { env: environment }).status !== 0) {
      console.log(`! cargo ${tool} is not installed (rustup component add); skipped`)
      continue
    }
    const run = await runProgram(cargo, args, { cwd: CONTAINER, environment })
    printStep(`cargo ${tool}`, run)
    if (!run.ok) counts = addCounts(counts, ONE_FAILURE)
  }
  // The release profile: its dependencies are built already, and it is what runs in production.
  const run = await runProgram(cargo, ['test', '--release', '--locked'], { cwd: CONTAINER, environment })
  const tests = cargoCounts(run.output, run.ok)
  printStep(`cargo test: ${countsLine(tests)}`, run)
  return addCounts(counts, tests)
}

/** The clients that every run must meet; on a machine without them this costs minutes once. The others run where they are installed. */
async function installClients(): Promise<TestCounts> {
  const clients = ['minidump-stackwalk', 'debuginfod-find', 'python3', 'supersearch']
  await runProgram(process.execPath, ['scripts/peers/install.ts', ...clients], { environment, live: true })
  return NO_TESTS
}

/** Tests that failed, and passed when they ran again: named at the end, because each is a defect of the test or of Mayday. */
const unsteady: string[] = []
const failures: string[] = []

/** Runs one of vitest's projects, or files of it. */
async function vitest(project: string, files: readonly string[], live: boolean): Promise<ProgramRun & VitestRun> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mayday-test-'))
  const report = path.join(folder, 'report.json')
  const args = [
    'run',
    ...files,
    `--project=${project}`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  const run = await runProgram('vitest', args, { environment, live, silenceMs: SILENCE_MS })
  const read = vitestRun(existsSync(report) ? readFileSync(report, 'utf8') : null, run.ok)
  rmSync(folder, { recursive: true, force: true })
  if (!live) console.log(run.output.trimEnd())
  return { ...run, ...read }
}

/**
 * Runs one of vitest's projects, and once more what failed of it: files with failed tests, or all of it when the runner itself hung or died
 * (seen after the last test of a Worker's file). The second result counts. Of two projects at once only one may be `live`; the other's
 * output comes when it is done.
 */
async function testProject(project: string, live: boolean): Promise<TestCounts> {
  const first = await vitest(project, [], live)
  let result: VitestRun = first
  let { ok, tookMs } = first
  const failed = first.files?.filter((file) => file.failures.length > 0)
  if (failed === undefined || failed.length > 0) {
    const what = failed === undefined ? 'all' : failed.map((file) => path.relative(ROOT, file.path)).join(', ')
    console.log(`! ${project}: once more, ${what}`)
    const second = await vitest(project, failed?.map((file) => file.path) ?? [], live)
    result = withRepeated(first, second)
    ok = second.ok
    tookMs += second.tookMs
    const still = new Set(result.files?.flatMap((file) => file.failures) ?? [])
    unsteady.push(...(failed ?? []).flatMap((file) => file.failures).filter((name) => !still.has(name)))
    failures.push(...(result.files === null ? [`${project}: the test runner failed`] : still))
  }
  const counts = vitestCounts(result)
  printStep(`${project}: ${countsLine(counts)}`, { ...first, ok, tookMs }, true)
  return counts
}

/** A project after the other, each in a process of its own: one that hangs costs no other its results. */
async function testWorkers(): Promise<TestCounts> {
  let counts = NO_TESTS
  for (const project of [...Object.keys(pools), 'unit']) counts = addCounts(counts, await testProject(project, true))
  return counts
}

async function check(): Promise<TestCounts> {
  const run = await runProgram(process.execPath, ['scripts/check.ts'], { environment, live: true })
  printStep('npm run check', run, true)
  return run.ok ? NO_TESTS : ONE_FAILURE
}

const startedAt = performance.now()
console.log(
  `seed of the generated suites: ${environment.MAYDAY_SEED} (MAYDAY_SEED=${environment.MAYDAY_SEED} npm test repeats them)`,
)
await ensureChromium()
let counts = NO_TESTS
for (const step of [testContainer, check, installClients]) counts = addCounts(counts, await step())
// A fleet's test waits most of its time, for processes and for each other: the other suites run beside it.
for (const tested of await Promise.all([testWorkers(), testProject('fleet', false)])) {
  counts = addCounts(counts, tested)
}
for (const name of unsteady)
  console.log(`! failed, and passed when it ran again: ${name.replace(`${ROOT}${path.sep}`, '')}`)
for (const name of failures) console.log(`✗ ${name.replace(`${ROOT}${path.sep}`, '')}`)
console.log(`seed ${environment.MAYDAY_SEED}, ${formatSeconds(performance.now() - startedAt)}`)
console.log(countsLine(counts))
process.exitCode = counts.failed === 0 ? 0 : 1
