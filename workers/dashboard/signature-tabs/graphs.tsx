import { MAX_CHART_SERIES } from '#shared/limits.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import { instantMs } from '#shared/search/instant.ts'
import { HatchPattern, SeriesChart } from '../components/series-chart.tsx'
import { Toggle, ToggleLink } from '../components/toggle.tsx'
import { isPartial } from '../page-search.ts'
import type { Chart } from '../views/chart.ts'
import { AXES, AXIS, type Axis, chartDays, dayOf, daySeries } from '../views/day-series.ts'
import { asText, grouped } from '../views/json-value.ts'
import { choiceOf, withMore, withSet } from '../views/search-parameters.ts'
import type { SignatureAsked, TabOfSignature } from './signature-tab.ts'

const SPLITS = ['version', 'platform', 'release_channel', 'process_type', 'cpu_arch', 'product', 'build_id'] as const
/** Steps are counted for more terms than are drawn: what is left over is one line. */
const COUNTED_TERMS = 200

/** The signature's reports by the day, one line a value of a field (`_split`), on one of three axes (`_axis`). Numbers are estimates. */
export const graphsTab: TabOfSignature = async (asked) => {
  const { request, search, params } = asked
  const axis = choiceOf<Axis>(params, '_axis', AXES)
  const wanted = params.get('_split') ?? 'version'
  const split = search.catalogField(wanted)?.name ?? 'version'
  const { field, interval } = AXIS[axis]
  const query = withMore(
    request.query,
    ['_facets', `_histogram.${field}`],
    ['_facets', split],
    [`_aggs.${split}`, `_histogram.${field}`],
    ...(interval === null ? [] : [[`_histogram_interval.${field}`, interval] as const]),
    ['_facets_size', String(COUNTED_TERMS)],
    ['_results_number', '0'],
    ['_estimate', '1'],
  )
  const [answer, pings] = await Promise.all([
    search.ask(query),
    // A ping says when it was sent, and neither when it crashed nor its build.
    axis === 'received' ? search.askPings(query) : null,
  ])
  const parsed = search.parse(query)
  const window = parsed.kind === 'query' ? parsed.query.date : null
  const key = `histogram_${field}`
  const steps = facetTerms(answer.facets, key)
  const days = window === null ? [] : chartDays(axis, steps, instantMs(window.from.at), instantMs(window.to.at))
  const all = daySeries(axis, steps, days)
  const lines = facetTerms(answer.facets, split)
    .slice(0, MAX_CHART_SERIES)
    .map((term) => ({
      label: asText(term.term) ?? '(blank)',
      unit: 'estimated' as const,
      values: daySeries(axis, facetTerms(term.facets ?? {}, key), days).counts.map(({ estimate }) => estimate),
    }))
  const total = { label: 'all reports', unit: 'estimated' as const, values: all.counts.map(({ estimate }) => estimate) }
  const ofPings =
    pings === null || pings.total === 0
      ? null
      : daySeries(axis, facetTerms(pings.facets, key), days).counts.map(({ stored }) => stored)
  const chart = (title: string, series: Chart['series']): Chart => ({
    title,
    axis: AXIS[axis].label,
    days,
    series,
    runningDay: dayOf(search.nowMs),
  })
  return {
    content: (
      <>
        <HatchPattern />
        <GraphControls asked={asked} axis={axis} split={split} />
        {all.elsewhere === 0 ? null : (
          <p class="quiet">{`${grouped(all.elsewhere)} stored reports are of other days, or of no day that can be read.`}</p>
        )}
        <SeriesChart chart={chart('Reports', [total])} />
        {lines.length === 0 ? (
          <p class="empty">
            No report has <code>{split}</code>.
          </p>
        ) : (
          <SeriesChart chart={chart(`Reports by ${split.replaceAll('_', ' ')}`, lines)} />
        )}
        {ofPings === null ? null : (
          <>
            <SeriesChart chart={chart('Crash pings', [{ label: 'all pings', unit: 'pings', values: ofPings }])} />
            <p class="quiet">
              Crash pings are a series of their own: the same crash may come as a ping and as a report, so the two are
              never added up.
            </p>
          </>
        )}
      </>
    ),
    list: {
      caption: `Estimated reports of ${request.signature} by day, ${AXIS[axis].label}`,
      columns: [
        'day',
        'stored',
        'estimated',
        ...(ofPings === null ? [] : ['pings']),
        ...lines.map(({ label }) => label),
      ],
      rows: all.counts.map(({ day, stored, estimate }, at) => [
        day,
        stored,
        Math.round(estimate),
        ...(ofPings === null ? [] : [ofPings[at] ?? 0]),
        ...lines.map(({ values }) => Math.round(values[at] ?? 0)),
      ]),
    },
    query,
    partial: isPartial(answer, pings),
  }
}

function GraphControls({
  asked: { params, search },
  axis,
  split,
}: {
  readonly asked: SignatureAsked
  readonly axis: Axis
  readonly split: string
}) {
  const splits = [...new Set([...SPLITS.filter((name) => search.catalogField(name) !== null), split])]
  return (
    <div class="toggles">
      <Toggle label="Axis">
        {AXES.map((one) => (
          <ToggleLink
            href={`/signature/?${withSet(params, { _axis: one })}`}
            on={one === axis}
            text={AXIS[one].label}
          />
        ))}
      </Toggle>
      <Toggle label="Split by">
        {splits.map((one) => (
          <ToggleLink
            href={`/signature/?${withSet(params, { _split: one })}`}
            on={one === split}
            text={one.replaceAll('_', ' ')}
          />
        ))}
      </Toggle>
    </div>
  )
}
