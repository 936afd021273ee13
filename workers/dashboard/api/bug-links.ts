import { z } from 'zod'
import { MAX_NAME_CHARS, MAX_SIGNATURES_A_BUG } from '#shared/limits.ts'
import type { DashboardContext, DashboardDeps } from '../deps.ts'
import { badParameterAnswer } from './api-answer.ts'
import { BUG_ID, bugHitsAnswer, bugHitsSchema } from './bugs.ts'
import { answering, type Model } from './model.ts'

const parameters = {
  bug_id: z
    .string()
    .regex(BUG_ID, 'Enter a whole number.')
    .meta({ description: 'The bug’s number in the tracker.', examples: ['999999'] }),
  signatures: z
    .array(z.string().trim().max(MAX_NAME_CHARS, `a signature has at most ${MAX_NAME_CHARS} characters`))
    .max(MAX_SIGNATURES_A_BUG, `at most ${MAX_SIGNATURES_A_BUG} signatures at a time`)
    .optional()
    .meta({ description: 'Signatures. PUT without any takes all links of the bug away.', examples: [['OOM | small']] }),
}

/**
 * `/api/BugLinks/`, not in the peer (which reads its tracker): POST adds links of a bug, DELETE takes some away, PUT makes them exactly the given ones, which is
 * what a tracker's script sends. Answers the bug's links as Bugs does. Each change stands in the audit log before it is made.
 */
export const bugLinks: Model = {
  name: 'BugLinks',
  about: 'Says which signatures a bug has: POST adds some, DELETE takes some away, PUT replaces them all.',
  verbs: ['POST', 'PUT', 'DELETE'],
  needs: 'link_bugs',
  cacheSeconds: 0,
  results: { 'application/json': bugHitsSchema },
  ...answering(parameters, async ({ bug_id, signatures = [] }, context, deps) => {
    if (signatures.length === 0 && context.req.method !== 'PUT') {
      return badParameterAnswer('signatures', 'This field is required.')
    }
    const bugId = Number(bug_id)
    const linked = (await deps.bugLinks.ofBugs([bugId])).map(({ signature }) => signature)
    const { added, removed } = changeOf(context.req.method, new Set(linked), new Set(signatures))
    if (added.length + removed.length > 0) {
      await writeDown(bugId, added, removed, context, deps)
      await deps.bugLinks.change(bugId, added, removed)
    }
    return bugHitsAnswer(await deps.bugLinks.ofBugs([bugId]))
  }),
}

function changeOf(verb: string, linked: ReadonlySet<string>, given: ReadonlySet<string>) {
  const added = verb === 'DELETE' ? [] : [...given].filter((signature) => !linked.has(signature))
  const removed = verb === 'POST' ? [] : [...linked].filter((signature) => given.has(signature) === (verb === 'DELETE'))
  return { added, removed }
}

async function writeDown(
  bugId: number,
  added: readonly string[],
  removed: readonly string[],
  { var: { viewer } }: DashboardContext,
  { audit, clock }: DashboardDeps,
): Promise<void> {
  await audit.add({
    atMs: clock(),
    email: viewer.email ?? '',
    action: 'bug_links_changed',
    subject: `bug ${bugId}`,
    detail: { added: JSON.stringify(added), removed: JSON.stringify(removed) },
  })
}
