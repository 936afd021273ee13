import { may, type Viewer } from '#shared/auth/permissions.ts'
import type { ReportBug } from '../report-bugs.ts'
import { earlierSignatures } from '../views/earlier-signatures.ts'
import { crashBadges, crashHeadline } from '../views/facts.ts'
import { asText, grouped } from '../views/json-value.ts'
import { type ReportState, type ReportTab, stateHref } from '../views/report-state.ts'
import type { ReprocessWait } from '../views/reprocess-wait.ts'
import { type Neighbours, reportHref } from '../views/result-set.ts'
import { EarlierSignatures } from './earlier-signatures.tsx'
import { ReprocessButton } from './reprocess-button.tsx'

/** One tab of a report. A count says how much is behind it. */
export interface TabLink {
  readonly tab: ReportTab
  readonly name: string
  readonly count?: number
}

/** What crashed, what to know before reading on, what can be done with it, and the parts of the report. */
export function ReportHeader({
  state,
  viewer,
  wait,
  crash,
  tabs,
  neighbours,
  bugs,
}: {
  readonly state: ReportState
  readonly viewer: Viewer
  readonly wait: ReprocessWait
  readonly crash: Readonly<Record<string, unknown>>
  readonly tabs: readonly TabLink[]
  /** Null: not opened from a search. */
  readonly neighbours: Neighbours | 'gone' | null
  readonly bugs: readonly ReportBug[]
}) {
  const { crashId } = state
  const product = [crash.product, crash.version, crash.release_channel].flatMap((part) => asText(part) ?? []).join(' ')
  const headline = crashHeadline(crash)
  const signaturePage = `/signature/?${new URLSearchParams({ signature: String(crash.signature ?? '') })}`
  return (
    <div class="report-header">
      <div class="section-heading">
        <p class="eyebrow">
          {product === '' ? 'Crash report' : product}
          <span class="crash-id">
            <code>{crashId}</code>
          </span>
        </p>
        <ResultSetSteps state={state} neighbours={neighbours} />
      </div>
      <h1 class="signature">
        <a href={signaturePage} title="All crashes with this signature">
          {asText(crash.signature) ?? '(no signature)'}
        </a>
      </h1>
      <EarlierSignatures signatures={earlierSignatures(crash)} />
      {headline === null ? null : <p class="headline">{headline}</p>}
      <p class="badges">
        {crashBadges(crash).map((badge) => (
          <span class={`badge ${badge.tone}`} title={badge.means}>
            {badge.text}
          </span>
        ))}
        {may(viewer, 'view_pii') ? (
          <span class="badge protected">Viewing public and protected data</span>
        ) : (
          <span class="badge quiet">Viewing public data only</span>
        )}
      </p>
      <Bugs bugs={bugs} />
      <div class="report-actions">
        <a class="button" href={`/report/index/${crashId}/markdown`} data-copy="" data-copy-default="">
          Copy as Markdown
        </a>
        <a class="button" href={`/api/ProcessedCrash/?${new URLSearchParams({ crash_id: crashId })}`} data-copy="">
          Copy as JSON
        </a>
        <a
          class="button"
          href={stateHref(state, { tab: state.tab })}
          data-copy="here"
          title="The address of this page, with the frame where the keyboard is or that is highlighted"
        >
          Copy link
        </a>
        <a class="button" href={`${signaturePage}&_tab=correlations`}>
          Correlations
        </a>
        <a class="button" href={`${signaturePage}&_tab=bugs`}>
          File a bug
        </a>
        <ReprocessButton crashId={crashId} viewer={viewer} wait={wait} hasSignature />
      </div>
      <nav class="tabs" aria-label="Parts of this report">
        {tabs.map(({ tab, name, count }) => (
          <a href={stateHref(state, { tab })} aria-current={tab === state.tab ? 'page' : undefined}>
            {name}
            {count === undefined ? null : <span class="count">{` ${grouped(count)}`}</span>}
          </a>
        ))}
      </nav>
    </div>
  )
}

/** Steps to the reports before and behind this one in the search that it was opened from. */
function ResultSetSteps({
  state: { set },
  neighbours,
}: {
  readonly state: ReportState
  readonly neighbours: Neighbours | 'gone' | null
}) {
  if (set === null || neighbours === null) return null
  const results = `/search/?${set.query}`
  if (neighbours === 'gone') {
    return (
      <nav class="steps" aria-label="Result set">
        <a href={results}>Results</a> <span class="quiet">changed: this report is no longer near where it was</span>
      </nav>
    )
  }
  const { at, total, previous, next } = neighbours
  return (
    <nav class="steps" aria-label="Result set">
      {previous === null ? null : (
        <a href={reportHref(previous, { query: set.query, at: at - 1 })} rel="prev">
          ← Previous
        </a>
      )}
      <a href={results}>{`${grouped(at + 1)} of ${grouped(total)} results`}</a>
      {next === null ? null : (
        <a href={reportHref(next, { query: set.query, at: at + 1 })} rel="next">
          Next →
        </a>
      )}
    </nav>
  )
}

/** The bugs of the signature; without a tracker's address their numbers. */
function Bugs({ bugs }: { readonly bugs: readonly ReportBug[] }) {
  if (bugs.length === 0) return null
  return (
    <p class="bugs">
      {bugs.length === 1 ? 'Bug' : 'Bugs'}
      {bugs.map(({ bugId, href }) =>
        href === null ? (
          <span class="badge">{bugId}</span>
        ) : (
          <a class="badge info" href={href} rel="noreferrer">
            {bugId}
          </a>
        ),
      )}
    </p>
  )
}
