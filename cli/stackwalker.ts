import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { PROCESS_CONCURRENCY } from '#shared/limits.ts'
import { childEnd } from './child-lines.ts'
import type { FleetLog } from './fleet-log.ts'
import { stopGroup } from './processes.ts'
import type { StepResult } from './step.ts'

/** The program listens within this time, or it never will. */
const READY_DEADLINE_MS = 10_000
/** A stackwalker that dies is started again after this pause, on the same port. */
const RESTART_PAUSE_MS = 1_000

/** What the program prints when it listens (container/README.md). */
const readySchema = z.object({ listening: z.string(), version: z.string() })

/** The stackwalker of a fleet, kept alive until it is stopped. */
export interface StackwalkerService {
  readonly url: string
  /** The process group now; another one after a restart. */
  group(): number | null
  stop(): Promise<void>
}

export interface StackwalkerOptions {
  readonly binary: string
  readonly symbolsUrl: string
  readonly cache: string
  readonly log: FleetLog
  /** Told when the program died and was started again. */
  readonly onRestart: (text: string) => void
}

/**
 * Starts the stackwalker on a free port and restarts it on the same port when it dies, since the Workers were given
 * its URL at their start. `--exit-with-parent` ends it when this process is SIGKILLed.
 */
export async function startStackwalker(options: StackwalkerOptions): Promise<StepResult<StackwalkerService>> {
  const first = await launch(options, '127.0.0.1:0')
  if (first === null) return { kind: 'failed', message: 'The stackwalker did not start; see fleet.log.' }
  let child = first.child
  let stopping = false
  const watch = async () => {
    while (!stopping) {
      const code = await childEnd(child)
      if (stopping) return
      await sleep(RESTART_PAUSE_MS)
      if (stopping) return
      const next = await launch(options, first.listening)
      if (next === null) continue
      child = next.child
      if (stopping) await stopChild(child)
      else
        options.onRestart(
          `the stackwalker ended (${code === null ? 'by a signal' : `exit code ${code}`}) and was started again`,
        )
    }
  }
  const watching = watch()
  return {
    kind: 'ok',
    note: first.version,
    value: {
      url: `http://${first.listening}`,
      group: () => child.pid ?? null,
      async stop() {
        stopping = true
        await stopChild(child)
        await watching
      },
    },
  }
}

interface Launched {
  readonly child: ChildProcess
  readonly listening: string
  readonly version: string
}

async function launch(options: StackwalkerOptions, listen: string): Promise<Launched | null> {
  const serve = ['serve', '--listen', listen, '--symbols-url', options.symbolsUrl, '--cache', options.cache]
  // One slot for each crash that the processor has in hand: a machine of two cores would else refuse four of a batch of six.
  const child = spawn(options.binary, [...serve, '--slots', String(PROCESS_CONCURRENCY), '--exit-with-parent'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  if (child.stderr !== null)
    createInterface({ input: child.stderr }).on('line', (line) => options.log.write('stackwalker', line))
  const ready = new Promise<z.infer<typeof readySchema> | null>((resolve) => {
    if (child.stdout === null) return resolve(null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      options.log.write('stackwalker', line)
      const parsed = readySchema.safeParse(parseJson(line))
      if (parsed.success) resolve(parsed.data)
    })
  })
  const answer = await Promise.race([
    ready,
    childEnd(child).then(() => null),
    sleep(READY_DEADLINE_MS, null, { ref: false }),
  ])
  if (answer !== null) return { child, ...answer }
  await stopChild(child)
  return null
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined) await stopGroup(child.pid)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
