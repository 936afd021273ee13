import { z } from 'zod'
import type { BugLink } from '#shared/db/bug-links.ts'
import { API_CACHE_SECONDS, MAX_NAMES_A_QUESTION } from '#shared/limits.ts'
import { answering, type Model } from './model.ts'
import { signaturesParameter } from './signature-first-date.ts'

/** A bug id of a tracker: digits, at most a JavaScript number's worth. */
export const BUG_ID = /^\d{1,15}$/

export const bugHitsSchema = z.object({
  total: z.number().int(),
  hits: z.array(
    z.object({
      id: z.number().int(),
      signature: z.string(),
      inherited_from: z
        .string()
        .optional()
        .meta({ description: 'Ours: the older signature that the bug was linked with.' }),
    }),
  ),
})

interface BugHit extends BugLink {
  readonly inheritedFrom?: string | null
}

/** Links as the peer shows them, by bug id and signature. */
export function bugHitsAnswer(links: readonly BugHit[]): Response {
  const hits = [...links]
    .sort((a, b) => a.bugId - b.bugId || (a.signature < b.signature ? -1 : Number(a.signature > b.signature)))
    .map(({ bugId, signature, inheritedFrom = null }) => ({
      id: bugId,
      signature,
      ...(inheritedFrom === null ? {} : { inherited_from: inheritedFrom }),
    }))
  return Response.json({ hits, total: hits.length })
}

/** `GET|POST /api/Bugs/`: the bugs of signatures, and the other signatures of those bugs (specs/webapp.md 2.2). */
export const bugs: Model = {
  name: 'Bugs',
  about:
    'The bugs of signatures, with all signatures of those bugs. POST takes more signatures than an address can hold.',
  verbs: ['GET', 'POST'],
  needs: null,
  cacheSeconds: API_CACHE_SECONDS,
  results: { 'application/json': bugHitsSchema },
  ...answering({ signatures: signaturesParameter }, async ({ signatures }, _context, deps) => {
    const asked = await deps.signatures.bugsOf([...new Set(signatures)])
    const linked = await deps.bugLinks.ofBugs(asked.map(({ bugId }) => bugId))
    // Own links are among the linked ones already.
    return bugHitsAnswer([...linked, ...asked.filter(({ inheritedFrom }) => inheritedFrom !== null)])
  }),
}

/** `GET /api/SignaturesByBugs/?bug_ids=`: the signatures of bugs. */
export const signaturesByBugs: Model = {
  name: 'SignaturesByBugs',
  about: 'The signatures of bugs.',
  verbs: ['GET'],
  needs: null,
  cacheSeconds: API_CACHE_SECONDS,
  results: { 'application/json': bugHitsSchema },
  ...answering(
    {
      bug_ids: z
        .array(z.string().trim().regex(BUG_ID, "Bad value for parameter(s) 'bug_ids': a bug id is a whole number"))
        .max(MAX_NAMES_A_QUESTION, `at most ${MAX_NAMES_A_QUESTION} bugs at a time`)
        .meta({ description: 'Bug ids; repeat the parameter for more than one.', examples: [['999999']] }),
    },
    async ({ bug_ids }, _context, deps) => bugHitsAnswer(await deps.bugLinks.ofBugs(bug_ids.map(Number))),
  ),
}
