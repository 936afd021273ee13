import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { connectionText } from './submit.ts'

/** The gateway asks every stage in 3 s; a fleet that is still starting may need longer for its first answer. */
const HEARTBEAT_DEADLINE_MS = 10_000
const CRON_DEADLINE_MS = 50_000
const MINUTE_MS = 60_000
const POLL_MS = 100

const partSchema = z.object({ name: z.string(), msg: z.string() })
const heartbeatSchema = z.object({ errors: z.array(partSchema).default([]), warnings: z.array(partSchema).default([]) })

/** How a fleet is. `ill`: it answers, and names what is wrong. `silent`: no answer that could be understood. */
export type Heartbeat =
  | { readonly kind: 'healthy'; readonly warnings: readonly string[] }
  | { readonly kind: 'ill'; readonly errors: readonly string[] }
  | { readonly kind: 'silent'; readonly detail: string }

/** Asks `GET /__heartbeat__`. */
export async function askHeartbeat(origin: string): Promise<Heartbeat> {
  try {
    const response = await fetch(new URL('/__heartbeat__', origin), {
      signal: AbortSignal.timeout(HEARTBEAT_DEADLINE_MS),
    })
    const text = await response.text()
    const parsed = heartbeatSchema.safeParse(parseJson(text))
    const lines = (parts: readonly z.infer<typeof partSchema>[]) => parts.map(({ name, msg }) => `${name}: ${msg}`)
    if (response.status === 200) return { kind: 'healthy', warnings: parsed.success ? lines(parsed.data.warnings) : [] }
    if (parsed.success && parsed.data.errors.length > 0) return { kind: 'ill', errors: lines(parsed.data.errors) }
    return { kind: 'silent', detail: `HTTP ${response.status}` }
  } catch (thrown) {
    return { kind: 'silent', detail: connectionText(thrown) }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Asks until the fleet is healthy, the time is over or `signal` fires; answers the last heartbeat. */
export async function waitUntilHealthy(origin: string, deadlineMs: number, signal: AbortSignal): Promise<Heartbeat> {
  const end = performance.now() + deadlineMs
  let heartbeat = await askHeartbeat(origin)
  while (heartbeat.kind !== 'healthy' && performance.now() < end && !signal.aborted) {
    await sleep(POLL_MS)
    heartbeat = await askHeartbeat(origin)
  }
  return heartbeat
}

/** Runs the fleet's cron jobs: `wrangler dev` never does by itself. `start` is the job that reconciles after a start. */
export async function triggerCron(origin: string, cron: string): Promise<boolean> {
  const url = new URL('/cdn-cgi/local/scheduled', origin)
  url.searchParams.set('cron', cron)
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(CRON_DEADLINE_MS) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

/** Every minute until `signal` fires: cron, and a heartbeat whose changes are told to `warn`. */
export async function keepTime(origin: string, signal: AbortSignal, warn: (text: string) => void): Promise<void> {
  let told = ''
  while (!signal.aborted) {
    try {
      await sleep(MINUTE_MS, undefined, { signal })
    } catch {
      // The fleet stops.
      return
    }
    const ran = await triggerCron(origin, '* * * * *')
    const trouble = signal.aborted ? told : troubleText(await askHeartbeat(origin), ran)
    if (trouble !== told) warn(trouble === '' ? 'the fleet is healthy again' : trouble)
    told = trouble
  }
}

function troubleText(heartbeat: Heartbeat, cronRan: boolean): string {
  switch (heartbeat.kind) {
    case 'healthy':
      return cronRan ? heartbeat.warnings.join('; ') : 'the cron jobs could not be run'
    case 'ill':
      return heartbeat.errors.join('; ')
    case 'silent':
      return `the fleet does not answer (${heartbeat.detail})`
  }
}
