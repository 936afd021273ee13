import { listProcesses } from './processes.ts'

/** How often a child of npm looks whether npm is still there. */
const NPM_POLL_MS = 1_000

/** The wish to stop, from whoever has it. */
export interface StopSignal {
  readonly signal: AbortSignal
  /** Resolves when the signal fires. */
  readonly fired: Promise<null>
  abort(): void
}

/**
 * Fires on Ctrl-C, SIGTERM, a closed terminal, and when the npm that ran this program is gone: npm passes SIGTERM on, but when it is
 * SIGKILLed nobody tells its children, and a fleet would hold its port for ever. A shell's `nohup … &` is not npm, and may go.
 */
export function stopSignal(): StopSignal {
  const controller = new AbortController()
  const abort = () => controller.abort()
  // A second Ctrl-C changes nothing: stopping takes a few seconds at most, and must not be cut short.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, abort)
  const npm = process.env.npm_lifecycle_event === undefined ? null : npmAncestor()
  if (npm !== null) setInterval(() => isGone(npm) && abort(), NPM_POLL_MS).unref()
  const fired = new Promise<null>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve(null), { once: true })
  })
  return { signal: controller.signal, fired, abort }
}

/** npm is the parent, or the parent of the shell between (`sh -c "node cli/mayday.ts start"`). */
function npmAncestor(): number | null {
  const running = listProcesses()
  const parent = running.find((one) => one.pid === process.ppid)
  const grandparent = running.find((one) => one.pid === parent?.parent)
  return (
    [parent, grandparent].find((one) => one !== undefined && /^npm\b|\/npm(-cli\.js)? /.test(one.command))?.pid ?? null
  )
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}
