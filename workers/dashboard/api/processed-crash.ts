import { z } from 'zod'
import { PENDING_REFRESH_SECONDS, RPC_DEADLINE_MS } from '#shared/limits.ts'
import { recordCrashAccess } from '../access-record.ts'
import { askStage } from '../stage-unavailable.ts'
import { crashAnswer, crashNotFoundAnswer, errorAnswer } from './api-answer.ts'
import { crashIdParameter } from './crash-id-parameter.ts'
import { answering, type Model } from './model.ts'

/** `GET /api/ProcessedCrash/?crash_id=`: the processed crash, reduced to what the viewer may see. */
export const processedCrash: Model = {
  name: 'ProcessedCrash',
  about: 'The processed crash: stack, signature and all that the processor found out. Protected fields need view_pii.',
  verbs: ['GET'],
  needs: null,
  cacheSeconds: 0,
  results: { 'application/json': z.looseObject({ uuid: z.string(), signature: z.string().optional() }) },
  ...answering({ crash_id: crashIdParameter }, async ({ crash_id: crashId }, context, deps) => {
    const reading = await askStage(
      'CrashStore',
      RPC_DEADLINE_MS,
      deps.crashStore.readProcessed(crashId, context.var.viewer),
    )
    switch (reading.kind) {
      case 'found':
        await recordCrashAccess(crashId, [reading.json], context.var.viewer, deps)
        return crashAnswer(reading.json)
      case 'unknown':
        return crashNotFoundAnswer(crashId)
      case 'pending':
        await deps.priority.ask(crashId)
        return errorAnswer(404, `Not found: CrashIDNotFound ${crashId}: saved, not processed yet; ask again`, {
          'Retry-After': String(PENDING_REFRESH_SECONDS),
        })
      case 'failed':
        return errorAnswer(404, `Not found: CrashIDNotFound ${crashId}: could not be processed: ${reading.reason}`)
    }
  }),
}
