import { withDeadline } from '#shared/deadline.ts'
import { errorText } from '#shared/log.ts'

/** Another stage failed or was late. Asking again later may help: 503, not 500. */
export class StageUnavailable extends Error {
  readonly stage: string

  constructor(stage: string, cause: unknown) {
    super(`${stage}: ${errorText(cause)}`)
    this.name = 'StageUnavailable'
    this.stage = stage
  }
}

/** Answers what another stage answers within the deadline, or throws {@link StageUnavailable}. */
export async function askStage<T>(stage: string, deadlineMs: number, work: Promise<T>): Promise<T> {
  try {
    return await withDeadline(stage, deadlineMs, work)
  } catch (thrown) {
    throw new StageUnavailable(stage, thrown)
  }
}
