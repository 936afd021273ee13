import { type Counted, estimateText, keptText, type Sampling } from '../views/counts.ts'
import { grouped, shownText } from '../views/json-value.ts'

/** A number of reports with what it is: `1,234 stored`, and `≈ 12,340 estimated (kept 1 in 10)` where they were sampled. */
export function CountOf({ counted }: { readonly counted: Counted }) {
  const kept = keptText(counted)
  return (
    <span class="count-of">
      <span class="figure">{grouped(counted.stored)}</span> <span class="unit">stored</span>
      {kept === null ? null : (
        <>
          {' '}
          <span class="figure">{estimateText(counted.estimate)}</span> <span class="unit">{`estimated (${kept})`}</span>
        </>
      )}
    </span>
  )
}

/** A number of crash pings. */
export function PingsOf({ pings }: { readonly pings: number }) {
  return (
    <span class="count-of">
      <span class="figure">{grouped(pings)}</span> <span class="unit">{pings === 1 ? 'ping' : 'pings'}</span>
    </span>
  )
}

/** The same in a table whose headings say what the columns are. */
export function EstimateCell({ counted }: { readonly counted: Counted }) {
  const kept = keptText(counted)
  return (
    <td class="number">
      {kept === null ? grouped(counted.stored) : <span title={kept}>{estimateText(counted.estimate)}</span>}
    </td>
  )
}

/** Which throttle rules sampled what the page counts. Nothing where all were kept. */
export function SamplingBanner({ sampling }: { readonly sampling: Sampling }) {
  if (sampling.kind === 'all_kept') return null
  return (
    <aside class="notice sampling" aria-label="Sampling">
      <p>
        {`${grouped(sampling.stored)} stored ${sampling.stored === 1 ? 'report stands' : 'reports stand'} for ${estimateText(sampling.estimate)}: `}
        {sampling.rules.map((rule, at) => (
          <>
            {at === 0 ? '' : '; '}
            {rule.rule === null ? 'throttle rules that the reports do not name ' : 'throttle rule '}
            {rule.rule === null ? null : <code>{shownText(rule.rule)}</code>}
            {` ${keptText(rule) ?? ''} (${grouped(rule.stored)} stored)`}
          </>
        ))}
        {'. Ranks, shares and trends go by the estimate.'}
      </p>
    </aside>
  )
}

/** Search did not answer in full. */
export function PartialNotice({ partial }: { readonly partial: boolean }) {
  return partial ? (
    <p class="notice warn" role="status">
      Search did not answer in full: numbers on this page are too low. Load it again in a minute.
    </p>
  ) : null
}
