import { installsText, percentText, pointsText } from '../views/counts.ts'
import { grouped, shownText } from '../views/json-value.ts'
import { signaturePath } from '../views/signature-request.ts'
import { changeText, type TopCrasher } from '../views/top-crashers.ts'
import { EstimateCell } from './counted.tsx'
import { Sparkline } from './series-chart.tsx'

/** From here on a signature is said to be one of startup. */
const STARTUP_SHARE = 0.5

/** The ranking. `filters` go along to the signatures' pages; `bugHref` gives a bug's page where the tracker is known. */
export function TopCrasherTable({
  rows,
  platforms,
  hasPings,
  compare,
  days,
  runningDay,
  filters,
  bugHref,
}: {
  readonly rows: readonly TopCrasher[]
  readonly platforms: readonly string[]
  readonly hasPings: boolean
  /** The version that each signature is shown in too. */
  readonly compare: string | null
  readonly days: readonly string[]
  readonly runningDay: string
  readonly filters: URLSearchParams
  readonly bugHref: (bugId: number) => string | null
}) {
  return (
    <section class="scroller" aria-label="Top crashers" tabindex={0}>
      <table class="top-crashers" data-rows="">
        <caption class="visually-hidden">Signatures by estimated reports</caption>
        <thead>
          <tr>
            <th scope="col" class="number">
              Rank
            </th>
            <th scope="col">Change</th>
            <th scope="col">Signature</th>
            <th scope="col" class="number">
              Share
            </th>
            <th scope="col" class="number">
              Stored
            </th>
            <th scope="col" class="number">
              Estimated
            </th>
            {compare === null ? null : (
              <th scope="col" class="number">
                {`In ${shownText(compare)}`}
              </th>
            )}
            <th scope="col">Trend (estimated)</th>
            {platforms.map((name) => (
              <th scope="col" class="number">
                {name}
              </th>
            ))}
            {hasPings ? (
              <th scope="col" class="number">
                Pings
              </th>
            ) : null}
            <th scope="col" class="number">
              Installs
            </th>
            <th scope="col">First seen</th>
            <th scope="col">Bugs</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              <td class="number">{row.rank}</td>
              <td class={changeClass(row)}>{changeText(row.change, pointsText)}</td>
              <th scope="row" class="signature-cell">
                <a href={signaturePath(row.signature, filters)}>{shownText(row.signature)}</a>
                {row.isNew ? <span class="badge good">new signature</span> : null}
                {row.startup >= STARTUP_SHARE ? <span class="badge">startup</span> : null}
                {row.hangs >= STARTUP_SHARE ? <span class="badge">hang</span> : null}
                {row.state === null ? null : <span class="badge">{row.state}</span>}
              </th>
              <td class="number">{percentText(row.share)}</td>
              <td class="number">{grouped(row.stored)}</td>
              <EstimateCell counted={row} />
              {compare === null ? null : <td class="number compared">{comparedText(row.compared)}</td>}
              <td>
                <Sparkline values={row.trend} days={days} runningDay={runningDay} unit="estimated reports" />
              </td>
              {row.platforms.map((counted) => (
                <EstimateCell counted={counted} />
              ))}
              {hasPings ? <td class="number pings">{grouped(row.pings)}</td> : null}
              <td class="number installs">{installsText(row.installs)}</td>
              <td class="when">{row.firstAtMs === null ? '–' : new Date(row.firstAtMs).toISOString().slice(0, 10)}</td>
              <td>
                <Bugs bugs={row.bugs} bugHref={bugHref} signature={row.signature} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** Rank and share in another version: `#3, 12.5 %`. */
function comparedText(compared: TopCrasher['compared']): string {
  return compared === null ? '–' : `#${compared.rank}, ${percentText(compared.share)}`
}

function changeClass({ change }: TopCrasher): string {
  if (change === null) return 'change'
  if (change.kind === 'new') return 'change risen'
  return change.ranks > 0 ? 'change risen' : change.ranks < 0 ? 'change fallen' : 'change'
}

function Bugs({
  bugs,
  bugHref,
  signature,
}: {
  readonly bugs: readonly number[]
  readonly bugHref: (bugId: number) => string | null
  readonly signature: string
}) {
  if (bugs.length === 0) {
    return (
      <a class="quiet" href={`${signaturePath(signature)}&_tab=bugs`}>
        file<span class="visually-hidden">{` a bug for ${shownText(signature)}`}</span>
      </a>
    )
  }
  return (
    <>
      {bugs.map((bugId) => {
        const href = bugHref(bugId)
        return href === null ? (
          <span class="bug-id">{`${bugId} `}</span>
        ) : (
          <a class="bug-id" href={href} rel="noreferrer">{`${bugId} `}</a>
        )
      })}
    </>
  )
}
