import type { BreakdownRow } from '../views/breakdown.ts'
import { installsText, percentText } from '../views/counts.ts'
import { grouped } from '../views/json-value.ts'
import { EstimateCell } from './counted.tsx'

/** The values of one field with stored reports, estimates and shares. `path` leads to the page narrowed to a value. */
export function BreakdownTable({
  heading,
  rows,
  path,
  showsInstalls = false,
}: {
  readonly heading: string
  readonly rows: readonly BreakdownRow[]
  readonly path: string
  readonly showsInstalls?: boolean
}) {
  if (rows.length === 0) return null
  return (
    <section class="breakdown">
      <table>
        <caption>{heading}</caption>
        <thead>
          <tr>
            <th scope="col">Value</th>
            <th scope="col" class="number">
              Stored
            </th>
            <th scope="col" class="number">
              Estimated
            </th>
            <th scope="col" class="number">
              Share
            </th>
            {showsInstalls ? (
              <th scope="col" class="number">
                Installs
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              <th scope="row">
                {row.narrowed === null ? (
                  row.text
                ) : (
                  <a href={`${path}?${row.narrowed}`} data-filter="">
                    {row.text}
                  </a>
                )}
              </th>
              <td class="number">{grouped(row.stored)}</td>
              <EstimateCell counted={row} />
              <td class="number">{percentText(row.share)}</td>
              {showsInstalls ? <td class="number">{installsText(row.installs ?? 0)}</td> : null}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
