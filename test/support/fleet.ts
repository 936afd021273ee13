import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A whole fleet for black-box tests, run by the command that an operator runs. Knows nothing of the product but its commands. */
export interface Fleet {
  readonly url: string
  readonly port: number
  readonly stateDir: string
  /** All that `mayday start` printed so far, both streams. */
  output(): string
  /** Stops it as Ctrl-C does, and removes a state folder that startFleet made. */
  stop(): Promise<void>
  /** SIGKILL for everything at once, as a power cut. The state folder stays for {@link restart}. */
  kill(): Promise<void>
  /** Starts it again on the same port and state folder; a fleet that still runs is stopped in order first. */
  restart(): Promise<Fleet>
}

export interface FleetOptions {
  /** Variables of every Worker. */
  readonly vars?: Readonly<Record<string, string>>
  readonly ruleset?: string
  /** True: without the demo crashes. */
  readonly empty?: boolean
  /** A state folder that the caller owns; without it the fleet gets a temporary one. */
  readonly stateDir?: string
  /** 0 or none: a free port. */
  readonly port?: number
  /** Changes to the environment of the command. */
  readonly environment?: Readonly<Record<string, string>>
}

const ROOT = path.resolve(import.meta.dirname, '../..')
const MAYDAY = path.join(ROOT, 'cli', 'mayday.ts')
/** Below the hooks' time limit, so that the log's end is shown rather than a bare timeout. */
const START_DEADLINE_MS = 170_000
const STOP_DEADLINE_MS = 15_000
const COMMAND_DEADLINE_MS = 60_000
const LOG_TAIL_LINES = 40
const POLL_MS = 50

/** Starts a fleet and resolves when it is ready (and its demo loaded, unless `empty`). */
export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const stateDir = options.stateDir ?? mkdtempSync(path.join(tmpdir(), 'mayday-fleet-'))
  const child = spawnMayday(startArguments(options, stateDir), options.environment)
  const output = collectOutput(child)
  const url = await readyUrl(child, output)
  if (url === null) {
    const log = logTail(stateDir)
    child.kill('SIGKILL')
    await killGroups(stateDir)
    throw new Error(`The fleet did not start.\n${output()}\n--- ${stateDir}/logs/fleet.log\n${log}`)
  }
  const port = Number(new URL(url).port)
  const end = async (signal: 'SIGINT' | 'SIGKILL') => {
    const groups = processGroups(stateDir)
    child.kill(signal)
    if (signal === 'SIGKILL') for (const group of groups) killGroup(group)
    await within(STOP_DEADLINE_MS, `the fleet's end after ${signal}`, ended(child))
    await within(STOP_DEADLINE_MS, 'the end of its process groups', gone(groups))
  }
  return {
    url,
    port,
    stateDir,
    output,
    async stop() {
      if (!hasEnded(child)) await end('SIGINT')
      if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true })
    },
    async kill() {
      if (!hasEnded(child)) await end('SIGKILL')
    },
    async restart() {
      if (!hasEnded(child)) await end('SIGINT')
      const again = await startFleet({ ...options, stateDir, port })
      if (options.stateDir !== undefined) return again
      // The folder was made here, so whoever stops the fleet last removes it.
      return {
        ...again,
        async stop() {
          await again.stop()
          rmSync(stateDir, { recursive: true, force: true })
        },
      }
    },
  }
}

function startArguments(options: FleetOptions, stateDir: string): readonly string[] {
  return [
    ...['start', '--port', String(options.port ?? 0), '--state', stateDir],
    ...(options.empty === true ? ['--empty'] : []),
    ...(options.ruleset === undefined ? [] : ['--ruleset', options.ruleset]),
    ...Object.entries(options.vars ?? {}).flatMap(([name, value]) => ['--var', `${name}=${value}`]),
  ]
}

/** What a command of `mayday` printed, and its exit code (null when a signal ended it). */
export interface MaydayResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one `mayday` command to its end. */
export async function mayday(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  deadlineMs = COMMAND_DEADLINE_MS,
): Promise<MaydayResult> {
  const child = spawnMayday(args, environment)
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
  const code = await new Promise<number | null>((resolve) => child.once('close', (exitCode) => resolve(exitCode)))
  clearTimeout(timer)
  return { code, stdout, stderr }
}

function spawnMayday(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [MAYDAY, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** A new API token of the fleet, of one product where it is named. */
export async function createToken(
  fleet: Pick<Fleet, 'stateDir'>,
  permissions: readonly string[],
  email = 'test@example.com',
  product: string | null = null,
): Promise<string> {
  const create = [
    'token',
    'create',
    '--email',
    email,
    '--permissions',
    permissions.join(','),
    '--state',
    fleet.stateDir,
    ...(product === null ? [] : ['--product', product]),
  ]
  const result = await mayday(create)
  if (result.code !== 0) throw new Error(`mayday token create: ${result.stderr}`)
  return result.stdout.trim()
}

function collectOutput(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  }
  return () => text
}

async function readyUrl(child: ChildProcess, output: () => string): Promise<string | null> {
  const end = performance.now() + START_DEADLINE_MS
  while (performance.now() < end) {
    const url = /^Mayday is ready on (http:\S+)$/m.exec(output())?.[1]
    if (url !== undefined) return url
    if (hasEnded(child)) return null
    await sleep(POLL_MS)
  }
  return null
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function ended(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) await new Promise((resolve) => child.once('exit', resolve))
}

/** The process groups that the fleet noted in its fleet.json. */
export function processGroups(stateDir: string): readonly number[] {
  const file = path.join(stateDir, 'fleet.json')
  if (!existsSync(file)) return []
  const { process_groups: groups } = JSON.parse(readFileSync(file, 'utf8'))
  return Array.isArray(groups) ? groups.filter((group) => Number.isInteger(group)) : []
}

async function killGroups(stateDir: string): Promise<void> {
  for (const group of processGroups(stateDir)) killGroup(group)
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

async function gone(groups: readonly number[]): Promise<void> {
  while (groups.some(isAlive)) await sleep(POLL_MS)
}

function isAlive(group: number): boolean {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const late = sleep(ms, undefined, { ref: false }).then(() => {
    throw new Error(`Waited ${ms} ms for ${what}`)
  })
  return Promise.race([work, late])
}

function logTail(stateDir: string): string {
  const file = path.join(stateDir, 'logs', 'fleet.log')
  if (!existsSync(file)) return '(none)'
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n')
}
