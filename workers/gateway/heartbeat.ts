import { z } from 'zod'
import { withDeadline } from '#shared/deadline.ts'
import type { HeartbeatReport } from '#shared/http/heartbeat.ts'
import { STAGE_HEARTBEAT_DEADLINE_MS } from '#shared/limits.ts'
import { errorText } from '#shared/log.ts'

/** A stage that can be asked for its heartbeat. */
export type StageFetcher = Pick<Fetcher, 'fetch'>

const reportSchema = z.object({
  errors: z.array(z.object({ name: z.string(), msg: z.string() })),
  warnings: z.array(z.object({ name: z.string(), msg: z.string() })),
})

/** Asks one stage what it asked of its own parts. A stage that does not answer is itself the error. */
async function askStage(name: string, stage: StageFetcher): Promise<HeartbeatReport> {
  try {
    const response = await withDeadline(
      name,
      STAGE_HEARTBEAT_DEADLINE_MS,
      stage.fetch(`http://${name}/__heartbeat__`).then(async (answer) => reportSchema.parse(await answer.json())),
    )
    const named = (part: { name: string; msg: string }) => ({ ...part, name: `${name}.${part.name}` })
    return { errors: response.errors.map(named), warnings: response.warnings.map(named) }
  } catch (thrown) {
    return { errors: [{ name, msg: errorText(thrown) }], warnings: [] }
  }
}

/** The report of the given stages together; names read `<stage>.<part>`. */
export async function askStages(stages: Readonly<Record<string, StageFetcher>>): Promise<HeartbeatReport> {
  const reports = await Promise.all(Object.entries(stages).map(([name, stage]) => askStage(name, stage)))
  return {
    errors: reports.flatMap((report) => report.errors),
    warnings: reports.flatMap((report) => report.warnings),
  }
}
