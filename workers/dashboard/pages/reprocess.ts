import { may } from '#shared/auth/permissions.ts'
import { parseCrashId } from '#shared/crash-id.ts'
import { refuseOtherOrigin } from '#shared/http/same-origin.ts'
import { MAX_FORM_BYTES, RPC_DEADLINE_MS } from '#shared/limits.ts'
import { rulesetNameSchema } from '#shared/messages.ts'
import { cappedText } from '../capped-text.ts'
import type { Answer, DashboardContext } from '../deps.ts'
import { askStage } from '../stage-unavailable.ts'
import { errorPage } from './error.tsx'

/** `POST /report/index/<crash id>/reprocess`: the button of the report page. Leads back to it, where the wait is shown. */
export const reprocessReport: Answer = async (context, deps) => {
  if (refuseOtherOrigin(context.req.raw.headers, context.req.url) !== null) {
    deps.log('dashboard', 'other_origin_refused', { what: 'reprocess' })
    return errorPage(context, 403, 'This request came from another site', ['Use the button on our own page.'])
  }
  const { viewer } = context.var
  if (!may(viewer, 'reprocess_crashes')) return forbidden(context)
  const crashId = parseCrashId(context.req.param('crash_id') ?? '')
  if (crashId === null) return errorPage(context, 400, 'That is no crash id', ['Use the button on the report page.'])
  const body = await cappedText(context.req.raw.body, MAX_FORM_BYTES)
  const form = new URLSearchParams(body.kind === 'text' ? body.text : '')
  const ruleset = rulesetNameSchema.safeParse(form.get('ruleset'))
  if (!ruleset.success) return errorPage(context, 400, 'No such ruleset', ['Use the button on the report page.'])

  const work = deps.crashStore.reprocess([crashId], ruleset.data, viewer)
  const reprocessing = await askStage('CrashStore', RPC_DEADLINE_MS, work)
  switch (reprocessing.kind) {
    case 'forbidden':
      return forbidden(context)
    case 'queued':
      return context.redirect(`/report/index/${crashId}?queued=${reprocessing.queuedAtMs}`, 303)
  }
}

function forbidden(context: DashboardContext): Response | Promise<Response> {
  return errorPage(context, 403, 'You may not reprocess crashes', [
    'It needs the permission reprocess_crashes. Sign in as somebody who has it.',
  ])
}
