import type { Env } from './env.ts'
import { appOf } from './wiring.ts'

export { CollectorBooks } from './books.ts'
export { Counters } from './counters.ts'
export { DuplicateReports } from './duplicate-reports.ts'
export { Duplicates } from './duplicates-object.ts'

/** The collector: `POST /submit`, health, nothing else. */
export default {
  fetch(request, env, context) {
    return appOf(env, context).fetch(request, env, context)
  },
} satisfies ExportedHandler<Env>
