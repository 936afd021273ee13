import { MAX_RESULTS_WINDOW } from '#shared/limits.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import { withControl } from '../views/search-form.ts'

/** Links to the pages of results before and behind. */
export function Paging({
  path,
  params,
  query,
  total,
}: {
  readonly path: string
  readonly params: URLSearchParams
  readonly query: Pick<SearchQuery, 'results_number' | 'results_offset'>
  readonly total: number
}) {
  const size = query.results_number
  const offset = query.results_offset
  const reachable = Math.min(total, MAX_RESULTS_WINDOW)
  const page = (at: number) => `${path}?${withControl(params, '_results_offset', String(Math.max(0, at)))}`
  const hasNext = size > 0 && offset + size < reachable && offset + 2 * size <= MAX_RESULTS_WINDOW
  if (offset === 0 && !hasNext) return null
  return (
    <nav class="paging" aria-label="Pages of results">
      {offset > 0 ? (
        <a href={page(offset - size)} rel="prev">
          ← Previous
        </a>
      ) : null}
      {hasNext ? (
        <a href={page(offset + size)} rel="next">
          Next →
        </a>
      ) : null}
    </nav>
  )
}
