import { withDeadline } from '../deadline.ts'
import { HEARTBEAT_DEADLINE_MS } from '../limits.ts'
import { errorText } from '../log.ts'

/** One thing that a Worker needs, and a question that proves it is there: a read, never a write or a send. */
export interface HeartbeatCheck {
  readonly name: string
  readonly ask: () => Promise<unknown>
  /** `warning`: the stage works without it for a while (a missing stackwalker only delays crashes). */
  readonly severity?: 'error' | 'warning'
}

/** What is wrong, in the peer's shape (`/__heartbeat__` of Antenna: a list of `{name, msg}`). */
export interface HeartbeatReport {
  readonly errors: readonly { readonly name: string; readonly msg: string }[]
  readonly warnings: readonly { readonly name: string; readonly msg: string }[]
}

/** Asks everything at once and reports what did not answer within HEARTBEAT_DEADLINE_MS. */
export async function checkHeartbeat(checks: readonly HeartbeatCheck[]): Promise<HeartbeatReport> {
  const troubles = await Promise.all(
    checks.map(async ({ name, ask, severity = 'error' }) => {
      try {
        await withDeadline(name, HEARTBEAT_DEADLINE_MS, ask())
        return []
      } catch (thrown) {
        return [{ name, msg: errorText(thrown), severity }]
      }
    }),
  )
  const of = (wanted: 'error' | 'warning') =>
    troubles.flat().flatMap(({ name, msg, severity }) => (severity === wanted ? [{ name, msg }] : []))
  return { errors: of('error'), warnings: of('warning') }
}

/** The HTTP form of a report: 503 for errors, 200 with `warnings` otherwise. */
export function heartbeatResponse(report: HeartbeatReport): Response {
  return Response.json(report, {
    status: report.errors.length === 0 ? 200 : 503,
    headers: { 'Cache-Control': 'no-store' },
  })
}
