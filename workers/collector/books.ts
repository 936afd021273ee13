import { WorkerEntrypoint } from 'cloudflare:workers'
import { type AcceptedPage, type CollectorBooksRpc, type TimeOfCounts, timesOfCounts } from '#shared/collector-books.ts'
import { withDeadline } from '#shared/deadline.ts'
import { COUNTERS_DEADLINE_MS, MAX_ACCEPTED_PAGES } from '#shared/limits.ts'
import { listRawCrashes } from '#shared/store/crash-states.ts'
import { COUNTERS_NAME } from './counters.ts'
import type { Env } from './env.ts'

/** The collector's books for other Workers. They hold no crash: counts, names of rules and reasons. */
export class CollectorBooks extends WorkerEntrypoint<Env> implements CollectorBooksRpc {
  async counts(fromDay: string, toDay: string, by: 'hour' | 'day'): Promise<readonly TimeOfCounts[]> {
    const counters = this.env.COUNTERS.getByName(COUNTERS_NAME)
    return timesOfCounts(await withDeadline('Counters', COUNTERS_DEADLINE_MS, counters.hours(fromDay, toDay)), by)
  }

  async accepted(day: string, cursor: string | null): Promise<AcceptedPage> {
    let accepted = 0
    let next = cursor
    for (let pages = 0; pages < MAX_ACCEPTED_PAGES; pages++) {
      const page = await listRawCrashes(this.env.CRASHES, day, next)
      accepted += page.crashes.length
      next = page.cursor
      if (next === null) break
    }
    return { accepted, cursor: next }
  }
}
