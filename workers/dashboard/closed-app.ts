import { Hono } from 'hono'
import { z } from 'zod'
import { heartbeatResponse } from '#shared/http/heartbeat.ts'
import { securityHeaders } from '#shared/http/security-headers.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { DashboardVariables } from './deps.ts'

/**
 * The dashboard where a variable has a value that it does not know, say `CRASH_ACCESS=privat`: closed whole, because nobody can tell what was meant.
 * The log and the heartbeat name the variable.
 */
export function closedApp(thrown: unknown, log: Log): Hono<DashboardVariables> {
  const error = thrown instanceof z.ZodError ? thrown.issues.map(issueText).join('; ') : errorText(thrown)
  log('dashboard', 'closed_by_configuration', { error })
  const headers = { ...securityHeaders('development'), 'Cache-Control': 'private, no-store' }
  return new Hono<DashboardVariables>()
    .get('/__heartbeat__', () => heartbeatResponse({ errors: [{ name: 'configuration', msg: error }], warnings: [] }))
    .all('*', () => {
      const said = 'This Mayday is closed: a variable of its dashboard has a wrong value. The heartbeat says which.'
      return Response.json({ error: said }, { status: 503, headers })
    })
}

/** A variable's name and what it must be; not the value, which may be a secret in the wrong place. */
function issueText({ path, message }: z.core.$ZodIssue): string {
  return `${path.join('.')}: ${message}`
}
