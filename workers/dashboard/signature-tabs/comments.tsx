import { COMMENTS_A_PAGE } from '#shared/limits.ts'
import { Moment } from '../components/moment.tsx'
import { Paging } from '../components/paging.tsx'
import { isPartial } from '../page-search.ts'
import { timeMs } from '../views/duration.ts'
import { asText } from '../views/json-value.ts'
import { reportHref } from '../views/result-set.ts'
import { withMore } from '../views/search-parameters.ts'
import type { TabOfSignature } from './signature-tab.ts'

/** What people said when they sent the signature's reports, newest first. Only for who may see protected data: search leaves the field out for others. */
export const commentsTab: TabOfSignature = async ({ request, search, params }) => {
  const offset = Number(/^\d{1,4}$/.exec(params.get('_results_offset') ?? '')?.[0] ?? 0)
  const query = withMore(
    request.query,
    ['user_comments', '!__null__'],
    ...['uuid', 'date', 'version', 'user_comments'].map((name) => ['_columns', name] as const),
    ['_sort', '-date'],
    ['_results_number', String(COMMENTS_A_PAGE)],
    ['_results_offset', String(Math.min(offset, 9_950))],
    ['_facets_size', '0'],
  )
  const parsed = search.parse(query)
  const answer = await search.ask(query)
  return {
    content: (
      <>
        <p class="notice warn">Comments are protected data: people wrote them, and may have named themselves.</p>
        {answer.hits.length === 0 ? <p class="empty">Nobody wrote a comment.</p> : null}
        <ol class="comments" data-rows="">
          {answer.hits.map((hit) => {
            const atMs = timeMs(hit.date)
            return (
              <li>
                <p class="quiet">
                  <a href={reportHref(String(hit.uuid))}>{atMs === null ? 'Report' : <Moment atMs={atMs} />}</a>
                  {` · ${asText(hit.version) ?? ''}`}
                </p>
                <p class="comment">{asText(hit.user_comments) ?? ''}</p>
              </li>
            )
          })}
        </ol>
        {parsed.kind === 'query' ? (
          <Paging path="/signature/" params={params} query={parsed.query} total={answer.total} />
        ) : null}
      </>
    ),
    list: {
      caption: `Comments of ${request.signature}`,
      columns: ['uuid', 'date', 'version', 'comment'],
      rows: answer.hits.map((hit) => [
        asText(hit.uuid),
        asText(hit.date),
        asText(hit.version),
        asText(hit.user_comments),
      ]),
    },
    query,
    partial: isPartial(answer),
  }
}
