import { z } from 'zod'
import { parseCrashId } from '#shared/crash-id.ts'

/**
 * The parameter `crash_id`. Clients strip `bp-` themselves and the peer refuses it here, as it does any suffix
 * (`…180607docker/x.sh`, specs/webapp.md W07).
 */
export const crashIdParameter = z
  .string()
  .transform((text, problem) => {
    const crashId = parseCrashId(text)
    if (crashId !== null) return crashId
    problem.addIssue({ code: 'custom', message: "Bad value for parameter(s) 'crash_id'" })
    return z.NEVER
  })
  .meta({ description: 'The crash id, without `bp-`.', examples: ['1ce5e5f2-4b8e-4a5b-9d2c-6f1e30261123'] })
