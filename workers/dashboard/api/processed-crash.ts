import { PENDING_REFRESH_SECONDS, RPC_DEADLINE_MS } from '#shared/limits.ts'
import type { Answer } from '../deps.ts'
import { askStage } from '../stage-unavailable.ts'
import { crashAnswer, crashNotFoundAnswer, errorAnswer } from './api-answer.ts'
import { crashIdParameter } from './crash-id-parameter.ts'

/** `GET /api/ProcessedCrash/?crash_id=`: the processed crash, reduced to what the viewer may see. */
export const processedCrash: Answer = async (context, deps) => {
  const parameter = crashIdParameter(new URL(context.req.url).searchParams)
  if (parameter.kind === 'bad') return parameter.answer
  const { crashId } = parameter
  const reading = await askStage(
    'CrashStore',
    RPC_DEADLINE_MS,
    deps.crashStore.readProcessed(crashId, context.var.viewer),
  )
  switch (reading.kind) {
    case 'found':
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
}
