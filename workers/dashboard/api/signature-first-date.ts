import { z } from 'zod'
import { API_CACHE_SECONDS, MAX_NAME_CHARS, MAX_NAMES_A_QUESTION } from '#shared/limits.ts'
import { answering, type Model } from './model.ts'

/** The parameter `signatures` of the services that are asked about signatures. */
export const signaturesParameter = z
  .array(z.string().max(MAX_NAME_CHARS, `a signature has at most ${MAX_NAME_CHARS} characters`))
  .max(MAX_NAMES_A_QUESTION, `at most ${MAX_NAMES_A_QUESTION} signatures at a time`)
  .meta({ description: 'Signatures; repeat the parameter for more than one.', examples: [['OOM | small']] })

/** `GET /api/SignatureFirstDate/?signatures=`: when signatures were first seen; those of which nothing is known are left out. */
export const signatureFirstDate: Model = {
  name: 'SignatureFirstDate',
  about:
    'The first crash and the first build of signatures. What a signature has from an older one, when lists changed, counts.',
  verbs: ['GET'],
  needs: null,
  cacheSeconds: API_CACHE_SECONDS,
  results: {
    'application/json': z.object({
      total: z.number().int(),
      hits: z.array(
        z.object({
          signature: z.string(),
          first_date: z.iso.datetime({ offset: true }),
          first_build: z.string().nullable(),
        }),
      ),
    }),
  },
  ...answering({ signatures: signaturesParameter }, async ({ signatures }, _context, deps) => {
    const known = await deps.signatures.find([...new Set(signatures)])
    const hits = known.flatMap(({ signature, firstAtMs, firstBuild }) =>
      firstAtMs === null
        ? []
        : [
            {
              signature,
              first_date: new Date(firstAtMs.value).toISOString().replace('Z', '+00:00'),
              first_build: firstBuild === null ? null : String(firstBuild.value),
            },
          ],
    )
    return Response.json({ hits, total: hits.length })
  }),
}
