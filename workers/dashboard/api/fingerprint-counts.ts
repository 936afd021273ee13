import { z } from 'zod'
import { RPC_DEADLINE_MS } from '#shared/limits.ts'
import { parseFingerprint } from '#shared/throttle/fingerprint.ts'
import { askStage } from '../stage-unavailable.ts'
import { badParameterAnswer } from './api-answer.ts'
import { answering, type Model } from './model.ts'

const dayCounts = z.object({
  day: z.iso.date(),
  /** With those that were dropped as duplicates. */
  sent: z.number().int(),
  kept: z.number().int(),
})

/** `GET /api/FingerprintCounts/?fingerprint=`: how many reports alike came and were kept, day by day, all continents together. */
export const fingerprintCounts: Model = {
  name: 'FingerprintCounts',
  about:
    'How many reports of one fingerprint were sent and kept in the last 28 days, where the ruleset keeps ten of them, not a thousand.',
  verbs: ['GET'],
  needs: null,
  cacheSeconds: 0,
  results: {
    'application/json': z.object({
      fingerprint: z.string(),
      /** Crashes of more than one signature have it: none is dropped any more. */
      mixed: z.boolean(),
      days: z.array(dayCounts),
    }),
  },
  ...answering(
    {
      fingerprint: z.string().meta({
        description: 'The search field `fingerprint` of a crash: 32 hexadecimal digits.',
        examples: ['0123456789abcdef0123456789abcdef'],
      }),
    },
    async (asked, _context, deps) => {
      const fingerprint = parseFingerprint(asked.fingerprint)
      if (fingerprint === null) return badParameterAnswer('fingerprint', '32 hexadecimal digits, in lower case.')
      const { days, mixed } = await askStage('the collector', RPC_DEADLINE_MS, deps.duplicates.counts(fingerprint))
      const shown = days.map(([day, counts]) => ({
        day: `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`,
        ...counts,
      }))
      return Response.json({ fingerprint, mixed, days: shown })
    },
  ),
}
