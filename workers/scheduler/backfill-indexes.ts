import { z } from 'zod'
import type { Clock } from '#shared/clock.ts'
import type { JobStates } from '#shared/db/job-states.ts'
import { withDeadline } from '#shared/deadline.ts'
import { BACKFILL_FILES_A_RUN, BACKFILL_PAGES_A_RUN, BACKFILL_PAUSE_MS, RPC_DEADLINE_MS } from '#shared/limits.ts'
import type { SymFileMessage } from '#shared/messages.ts'
import type { QueueMetrics, Sender } from '#shared/ports.ts'
import { FORMAT_VERSION } from '#shared/symbols/index/index-file.ts'
import { requestIndexes } from '#shared/symbols/index-requests.ts'
import type { UnindexedRpc } from '#shared/symbols/unindexed.ts'

export interface BackfillDeps {
  readonly symbols: UnindexedRpc
  readonly queue: Pick<Sender<SymFileMessage>, 'sendBatch'> & QueueMetrics
  readonly states: JobStates
  readonly clock: Clock
}

/** What one run did. `waits`: nothing, because the last look through the store is young, or the indexer has enough to do. */
export interface BackfillReport {
  readonly pages: number
  readonly sent: number
  readonly waits: boolean
}

const JOB = 'backfill_indexes'

/** Where a look through the store of one index format stands: after a key, or done at a time. */
const stateSchema = z.object({
  version: z.number(),
  after: z.string().nullable(),
  done_at: z.number().nullable(),
})
type State = z.infer<typeof stateSchema>

/**
 * Finds sym files without an index (copied in by migration, of an older format, or lost by a queue) and sends them to the indexer, a few pages of the store at a
 * time: it goes on where the last run stopped, begins anew a day after it was through, and at once when the format's version rose.
 */
export async function backfillIndexes({ symbols, queue, states, clock }: BackfillDeps): Promise<BackfillReport> {
  let state = readState(await states.read(JOB))
  const isYoung = state.done_at !== null && clock() - state.done_at < BACKFILL_PAUSE_MS
  const { backlogCount } = await withDeadline('queue metrics', RPC_DEADLINE_MS, queue.metrics())
  if (isYoung || backlogCount >= BACKFILL_FILES_A_RUN) return { pages: 0, sent: 0, waits: true }
  if (state.done_at !== null) state = fresh()
  let pages = 0
  let sent = 0
  while (pages < BACKFILL_PAGES_A_RUN && sent < BACKFILL_FILES_A_RUN && state.done_at === null) {
    const page = await withDeadline('unindexed', RPC_DEADLINE_MS, symbols.unindexed(state.after))
    await requestIndexes({ queue, clock }, page.object_keys)
    state = { ...state, after: page.next, done_at: page.next === null ? clock() : null }
    // Noted after each page: a run that fails sends at most one page twice.
    await states.write(JOB, JSON.stringify(state), clock())
    pages++
    sent += page.object_keys.length
  }
  return { pages, sent, waits: false }
}

function readState(text: string | null): State {
  const { success, data } = stateSchema.safeParse(text === null ? null : parseJson(text))
  return success && data.version === FORMAT_VERSION ? data : fresh()
}

function fresh(): State {
  return { version: FORMAT_VERSION, after: null, done_at: null }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
