import { z } from 'zod'
import { type CrashId, parseCrashId } from '#shared/crash-id.ts'
import { MAX_REPROCESS_FORM_BYTES, MAX_REPROCESS_IDS, RPC_DEADLINE_MS } from '#shared/limits.ts'
import { type RulesetName, rulesetNameSchema } from '#shared/messages.ts'
import { cappedText } from '../capped-text.ts'
import type { Answer } from '../deps.ts'
import { askStage } from '../stage-unavailable.ts'
import { badParameterAnswer, errorAnswer, permissionAnswer } from './api-answer.ts'
import type { Model } from './model.ts'

const PARAM = 'crash_ids'

/**
 * `POST /api/Reprocessing/`: a form with `crash_ids` repeated, each `id` or `id:ruleset`; answers `true` once all are queued (specs/webapp.md 2.2).
 * One bad id or ruleset refuses the whole request: nothing is queued.
 */
const answer: Answer = async (context, deps) => {
  const { viewer } = context.var
  const form = await readForm(context.req.raw)
  switch (form.kind) {
    case 'too_large':
      return errorAnswer(
        413,
        `The form is larger than ${MAX_REPROCESS_FORM_BYTES} bytes: send fewer crash ids at a time.`,
      )
    case 'unreadable':
      return errorAnswer(415, `Send ${PARAM} as a form: application/x-www-form-urlencoded or multipart/form-data.`)
    case 'form':
  }
  const wanted = parseCrashIds(form.crashIds)
  if (wanted.kind === 'bad') return badParameterAnswer(PARAM, wanted.message)
  for (const { ruleset, crashIds } of wanted.groups) {
    const work = deps.crashStore.reprocess(crashIds, ruleset, viewer)
    const { kind } = await askStage('CrashStore', RPC_DEADLINE_MS, work)
    if (kind === 'forbidden') return permissionAnswer('reprocess_crashes')
  }
  return Response.json(true, { headers: { 'Cache-Control': 'private, no-store' } })
}

/** The form is read here and not as declared parameters: a blank id, too, refuses the whole request. */
export const reprocessing: Model = {
  name: 'Reprocessing',
  about: 'Processes crashes again. One bad id or ruleset refuses the whole request, and nothing is queued.',
  verbs: ['POST'],
  needs: 'reprocess_crashes',
  cacheSeconds: 0,
  parameters: {
    [PARAM]: z.array(z.string()).meta({
      description: `Crash ids, each with an optional ruleset behind a colon: ${rulesetNameSchema.options.join(', ')}.`,
      examples: [['1ce5e5f2-4b8e-4a5b-9d2c-6f1e30261123:regenerate_signature']],
    }),
  },
  results: { 'application/json': z.literal(true) },
  answer,
}

type Form =
  | { readonly kind: 'form'; readonly crashIds: readonly string[] }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'unreadable' }

/** Both kinds of form that a peer's client may send. Its text is ASCII, so nothing is lost when the body is read as text first. */
async function readForm(request: Request): Promise<Form> {
  const body = await cappedText(request.body, MAX_REPROCESS_FORM_BYTES)
  if (body.kind === 'too_large') return body
  try {
    const headers = { 'Content-Type': request.headers.get('Content-Type') ?? '' }
    const form = await new Response(body.text, { headers }).formData()
    return { kind: 'form', crashIds: z.array(z.string()).parse(form.getAll(PARAM)) }
  } catch {
    // No form by its type, one that is broken, or a file where an id should be.
    return { kind: 'unreadable' }
  }
}

/** The crash ids to be processed again, each once. */
type WantedCrashes =
  | {
      readonly kind: 'wanted'
      readonly groups: readonly { readonly ruleset: RulesetName; readonly crashIds: readonly CrashId[] }[]
    }
  | { readonly kind: 'bad'; readonly message: string }

/** Reads `id[:ruleset]` texts. An id that is asked for with both rulesets gets `default`, which makes the signature too. */
function parseCrashIds(texts: readonly string[]): WantedCrashes {
  if (texts.length === 0) return { kind: 'bad', message: 'This field is required.' }
  if (texts.length > MAX_REPROCESS_IDS) {
    return { kind: 'bad', message: `${texts.length} crash ids: at most ${MAX_REPROCESS_IDS} at a time` }
  }
  const rulesets = new Map<CrashId, RulesetName>()
  for (const text of texts) {
    const [idText = '', rulesetText = 'default', ...rest] = text.trim().split(':')
    const crashId = parseCrashId(idText)
    const ruleset = rulesetNameSchema.safeParse(rulesetText)
    if (crashId === null || rest.length > 0) return { kind: 'bad', message: `Bad value for parameter(s) '${PARAM}'` }
    if (!ruleset.success) {
      const names = rulesetNameSchema.options.join(', ')
      return { kind: 'bad', message: `Bad value for parameter(s) '${PARAM}': the ruleset is one of ${names}` }
    }
    if (rulesets.get(crashId) !== 'default') rulesets.set(crashId, ruleset.data)
  }
  const ofRuleset = (ruleset: RulesetName) =>
    [...rulesets].flatMap(([crashId, name]) => (name === ruleset ? crashId : []))
  const groups = rulesetNameSchema.options.map((ruleset) => ({ ruleset, crashIds: ofRuleset(ruleset) }))
  return { kind: 'wanted', groups: groups.filter(({ crashIds }) => crashIds.length > 0) }
}
