import { may } from '#shared/auth/permissions.ts'
import { ACCESS_KINDS, type AccessKind, type AccessRow } from '#shared/db/access-log.ts'
import { ACCESS_LOG_DAYS, ACCESS_LOG_PAGE_ROWS, MAX_EMAIL_CHARS } from '#shared/limits.ts'
import { document, Layout } from '../components/layout.tsx'
import { Moment } from '../components/moment.tsx'
import type { Answer } from '../deps.ts'
import { shownText } from '../views/json-value.ts'
import { withSet } from '../views/search-parameters.ts'
import { errorPage } from './error.tsx'

const PATH = '/access-log'

/** What administrators read for each kind of access. */
const KIND_NAMES: Readonly<Record<AccessKind, string>> = {
  protected_values: 'protected values',
  dump: 'dump',
  comments: 'comments of many crashes',
  search: 'search by protected fields',
}

/** `/access-log?email=&crash_id=&page=`: who saw protected data, newest first. For administrators. */
export const accessLogPage: Answer = async (context, deps) => {
  const { viewer } = context.var
  if (!may(viewer, 'admin')) {
    return errorPage(context, 403, 'The access log is for administrators', ['Sign in as somebody of the group admins.'])
  }
  const { searchParams } = new URL(context.req.url)
  const email = (searchParams.get('email') ?? '').trim().toLowerCase().slice(0, MAX_EMAIL_CHARS)
  const crashId = (searchParams.get('crash_id') ?? '').trim().toLowerCase().slice(0, MAX_EMAIL_CHARS)
  const page = Number(/^[1-9]\d{0,4}$/.exec(searchParams.get('page') ?? '')?.[0] ?? 1)
  const rows = await deps.accessLog.list({
    email: email === '' ? null : email,
    crashId: crashId === '' ? null : crashId,
    // One more than is shown says whether there is a next page.
    limit: ACCESS_LOG_PAGE_ROWS + 1,
    offset: (page - 1) * ACCESS_LOG_PAGE_ROWS,
  })
  const pageHref = (at: number) => `${PATH}?${withSet(searchParams, { page: at === 1 ? null : String(at) })}`
  return context.html(
    document(
      <Layout title="Access log" viewer={viewer} here={`${PATH}?${searchParams}`}>
        <h1>Access log</h1>
        <p class="lede">{`Who saw protected data, a line a view, kept for ${ACCESS_LOG_DAYS} days.`}</p>
        <form class="thread-search" action={PATH} method="get">
          <label for="email">Person</label>
          <input id="email" name="email" type="search" value={shownText(email)} />
          <label for="crash_id">Crash id</label>
          <input id="crash_id" name="crash_id" type="search" value={shownText(crashId)} />
          <button type="submit">Find</button>
        </form>
        {rows.length === 0 ? <p class="empty">Nothing like that was seen.</p> : null}
        {rows.length === 0 ? null : <AccessTable rows={rows.slice(0, ACCESS_LOG_PAGE_ROWS)} />}
        <nav class="paging" aria-label="Pages of the log">
          {page > 1 ? (
            <a href={pageHref(page - 1)} rel="prev">
              ← Newer
            </a>
          ) : null}
          {rows.length > ACCESS_LOG_PAGE_ROWS ? (
            <a href={pageHref(page + 1)} rel="next">
              Older →
            </a>
          ) : null}
        </nav>
      </Layout>,
    ),
  )
}

function AccessTable({ rows }: { readonly rows: readonly AccessRow[] }) {
  return (
    <section class="scroller" aria-label="Views of protected data" tabindex={0}>
      <table data-rows="">
        <caption class="visually-hidden">Views of protected data, newest first</caption>
        <thead>
          <tr>
            <th scope="col">When (UTC)</th>
            <th scope="col">Who</th>
            <th scope="col">By token</th>
            <th scope="col">Saw</th>
            <th scope="col">Crash</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              <td>
                <Moment atMs={row.atMs} inTable />
              </td>
              <td>
                <a href={`${PATH}?${new URLSearchParams({ email: row.email })}`}>{shownText(row.email)}</a>
              </td>
              <td>{row.tokenId === null ? '' : <code>{`${shownText(row.tokenId)}…`}</code>}</td>
              <td>{[kindName(row.what), shownText(row.detail)].filter((text) => text !== '').join(': ')}</td>
              <td>
                {row.crashId === null ? (
                  ''
                ) : (
                  <a href={`${PATH}?${new URLSearchParams({ crash_id: row.crashId })}`}>
                    <code>{shownText(row.crashId)}</code>
                  </a>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function kindName(what: string): string {
  const kind = ACCESS_KINDS.find((one) => one === what)
  return kind === undefined ? shownText(what) : KIND_NAMES[kind]
}
