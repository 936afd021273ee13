import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { z } from 'zod'
import { childEnd, onChildLines } from './child-lines.ts'
import type { FleetLog } from './fleet-log.ts'
import { stopGroup } from './processes.ts'
import { ROOT } from './repository.ts'
import type { StateFolder } from './state.ts'

/** The JavaScript file of the installed wrangler, run by this Node: a shell's `npx` may find another one. */
export function wranglerProgram(): string {
  const packageJson = createRequire(path.join(ROOT, 'package.json')).resolve('wrangler/package.json')
  const { bin } = z
    .object({ bin: z.object({ wrangler: z.string() }) })
    .parse(JSON.parse(readFileSync(packageJson, 'utf8')))
  return path.resolve(path.dirname(packageJson), bin.wrangler)
}

/**
 * Environment of every wrangler that Mayday runs: offline (no metrics, no fetch of request geography, no update check), never
 * asking (CI), and with a registry of its own, so that two fleets do not find each other's Workers by name.
 */
export function wranglerEnvironment(state: StateFolder): NodeJS.ProcessEnv {
  return {
    // wrangler writes a trace of every request and R2 operation to a database, which costs more time than a small request and grows by a megabyte a minute.
    X_LOCAL_OBSERVABILITY: 'false',
    ...process.env,
    CI: '1',
    NO_COLOR: '1',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_REGISTRY_PATH: state.registry,
    WRANGLER_WRITE_LOGS: 'false',
    WRANGLER_LOG_PATH: path.join(state.logs, 'wrangler'),
  }
}

/** A program that `mayday start` runs beside itself, in a process group of its own. */
export interface Companion {
  readonly group: number
  /** Resolves with the exit code when it has ended, for whatever reason. */
  readonly ended: Promise<number | null>
  stop(): Promise<void>
}

/** Makes a companion of a child that was spawned `detached`: its process id is its group. */
export function companion(child: ChildProcess): Companion | null {
  const group = child.pid
  if (group === undefined) return null
  return {
    group,
    ended: childEnd(child),
    async stop() {
      await stopGroup(group)
    },
  }
}

/** Starts one `wrangler dev` with all Workers on one port. It ends when this process ends (supervise.ts), however that happens. */
export function startWorkers(
  configs: readonly string[],
  state: StateFolder,
  port: number,
  log: FleetLog,
): Companion | null {
  const dev = [
    wranglerProgram(),
    'dev',
    ...configs.flatMap((config) => ['-c', config]),
    ...['--persist-to', state.wrangler, '--ip', '127.0.0.1', '--port', String(port)],
    // No inspector: its default port is one more thing that two fleets would fight for.
    ...['--inspector-port', '0', '--show-interactive-dev-session=false'],
  ]
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'supervise.ts'), process.execPath, ...dev], {
    cwd: ROOT,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: wranglerEnvironment(state),
  })
  onChildLines(child, (line) => log.write('wrangler', line))
  return companion(child)
}
