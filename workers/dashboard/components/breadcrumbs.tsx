import type { Breadcrumb } from '../views/breadcrumbs.ts'
import { grouped } from '../views/json-value.ts'
import { Moment } from './moment.tsx'

/** What happened before the crash, the last step first. Protected: only there for viewers with view_pii. */
export function Breadcrumbs({ rows, notShown }: { readonly rows: readonly Breadcrumb[]; readonly notShown: number }) {
  if (rows.length === 0) return null
  return (
    <section aria-labelledby="breadcrumbs">
      <h2 id="breadcrumbs">
        Breadcrumbs <span class="chip protected">protected</span>
      </h2>
      <table class="breadcrumbs" data-rows="">
        <caption class="visually-hidden">Steps before the crash, the last first</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Category</th>
            <th scope="col">What happened</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ atMs, category, level, message }) => (
            <tr>
              <td>{atMs === null ? '' : <Moment atMs={atMs} inTable />}</td>
              <td>{[category, level].filter(Boolean).join(' · ')}</td>
              <td>{message}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {notShown === 0 ? null : <p>{`${grouped(notShown)} earlier steps are in the raw JSON.`}</p>}
    </section>
  )
}
