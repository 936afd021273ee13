import type { Clock } from '#shared/clock.ts'
import type { UploadBooks } from '#shared/db/upload-books.ts'
import { jsonFor } from './answer.ts'
import { type BooksViewerDeps, checkBooksViewer } from './books-viewer.ts'

export interface StatsDeps extends BooksViewerDeps {
  readonly books: Pick<UploadBooks, 'countUploads'>
  readonly clock: Clock
}

const DAY_MS = 86_400_000

/**
 * GET /api/stats/ (specs/symbols.md 4): uploads of today, yesterday and the last 30 days, days in UTC. With view_all_uploads of everybody: the peer
 * asks for a permission that does not exist, so that only its superusers see them.
 */
export async function showStats(request: Request, deps: StatsDeps): Promise<Response> {
  const checked = await checkBooksViewer(request, deps)
  if (checked.kind === 'refused') return checked.response
  const email = checked.canViewAll ? null : checked.email
  const nowMs = deps.clock()
  const todayMs = nowMs - (nowMs % DAY_MS)
  const tomorrowMs = todayMs + DAY_MS
  const [today, yesterday, last30Days] = await Promise.all([
    deps.books.countUploads(todayMs, tomorrowMs, email),
    deps.books.countUploads(todayMs - DAY_MS, todayMs, email),
    deps.books.countUploads(todayMs - 30 * DAY_MS, tomorrowMs, email),
  ])
  const uploads = { all_uploads: checked.canViewAll, today, yesterday, last_30_days: last30Days }
  return jsonFor(request, { stats: { uploads } }, 200)
}
