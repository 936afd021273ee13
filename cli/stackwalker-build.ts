import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { childEnd, onChildLines } from './child-lines.ts'
import type { Terminal } from './command-result.ts'
import type { StepResult } from './step.ts'

/** Crates are counted on a line of their own this often where there is no terminal for cargo's own progress bar. */
const CRATES_A_LINE = 25
/** What a failed build shows of cargo's output. */
const FAILURE_LINES = 30

/** Where the built stackwalker and the note of what it was built from are. Cargo's own CARGO_TARGET_DIR is honoured. */
export interface StackwalkerPaths {
  readonly source: string
  readonly binary: string
  readonly stamp: string
}

export function stackwalkerPaths(root: string, environment: NodeJS.ProcessEnv): StackwalkerPaths {
  const source = path.join(root, 'container')
  const target = path.resolve(source, environment.CARGO_TARGET_DIR ?? 'target')
  const binary = path.join(target, 'release', 'mayday-stackwalker')
  return { source, binary, stamp: `${binary}.built-from` }
}

/** A fingerprint of everything that decides the binary. Times of files do not: a fresh clone has them all new. */
export function sourceDigest(source: string): string {
  const hash = createHash('sha256')
  const files = ['Cargo.toml', 'Cargo.lock', ...globSync('src/**/*.rs', { cwd: source }).sort()]
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(source, file)))
      .update('\0')
  return hash.digest('hex')
}

/** Whether the binary was built from the source as it is now. */
export function isBuilt(paths: StackwalkerPaths): boolean {
  if (!existsSync(paths.binary) || !existsSync(paths.stamp)) return false
  return readFileSync(paths.stamp, 'utf8') === sourceDigest(paths.source)
}

/** The cargo of the PATH, or the one that rustup installs for a user whose shell has not been told of it; null without either. */
export function findCargo(environment: NodeJS.ProcessEnv): string | null {
  const home = path.join(environment.CARGO_HOME ?? path.join(environment.HOME ?? homedir(), '.cargo'), 'bin', 'cargo')
  return ['cargo', home].find((cargo) => spawnSync(cargo, ['--version'], { env: environment }).status === 0) ?? null
}

/**
 * Builds the stackwalker when it is missing or stale; answers the binary's path, or null with the reason why it must be done without,
 * and the `consequence` of that.
 */
export async function buildStackwalker(
  paths: StackwalkerPaths,
  environment: NodeJS.ProcessEnv,
  terminal: Terminal,
  signal: AbortSignal,
  consequence = 'The fleet starts without a stackwalker; crashes stay queued.',
): Promise<StepResult<string | null>> {
  if (isBuilt(paths)) return { kind: 'ok', value: paths.binary, note: 'up to date' }
  const without = (why: string): StepResult<null> => ({
    kind: 'warned',
    value: null,
    note: `${why} ${consequence}`,
  })
  const cargo = findCargo(environment)
  if (cargo === null) return without('cargo is missing: install Rust (rustup.rs), then start again.')
  const digest = sourceDigest(paths.source)
  const output = await runCargo(cargo, paths.source, environment, terminal, signal)
  if (signal.aborted) return { kind: 'failed', message: 'interrupted' }
  if (output !== null) {
    for (const line of output.slice(-FAILURE_LINES)) terminal.err(line)
    return without('cargo could not build container/ (see above).')
  }
  writeFileSync(paths.stamp, digest)
  return { kind: 'ok', value: paths.binary }
}

/** Null when the build succeeded, else what cargo said (nothing where its output went to the terminal already). */
async function runCargo(
  cargo: string,
  source: string,
  environment: NodeJS.ProcessEnv,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  terminal.out('  building the stackwalker with cargo (about two minutes, once)')
  const child = spawn(cargo, ['build', '--release', '--locked'], {
    cwd: source,
    env: environment,
    stdio: ['ignore', 'inherit', terminal.interactive ? 'inherit' : 'pipe'],
    signal,
  })
  const lines: string[] = []
  let crates = 0
  onChildLines(child, (line) => {
    lines.push(line)
    if (!/^\s+Compiling /.test(line)) return
    crates += 1
    if (crates % CRATES_A_LINE === 0) terminal.out(`  ${crates} crates…`)
  })
  return (await childEnd(child)) === 0 ? null : lines
}
