import { CORRELATED_TERMS, CORRELATION_GROUP_TERMS, MAX_SHOWN_CORRELATIONS } from '#shared/limits.ts'
import { type Correlation, comparedFields, correlations } from '#shared/search/correlations.ts'
import { shareOf } from '#shared/search/proportion.ts'
import { Toggle, ToggleLink } from '../components/toggle.tsx'
import { isPartial } from '../page-search.ts'
import {
  chosenGroup,
  correlationGroups,
  filtersOfGroup,
  GROUPS_AGGREGATION,
  groupText,
  withGroup,
} from '../views/correlation-groups.ts'
import { percentText, pointsText } from '../views/counts.ts'
import { asText, grouped } from '../views/json-value.ts'
import { withMore } from '../views/search-parameters.ts'
import type { TabOfSignature } from './signature-tab.ts'

/** Groups to choose from. */
const SHOWN_GROUPS = 8
const NO_LIST = { caption: 'Correlations', columns: [], rows: [] }

/** What the signature's reports have more often than all others of one product, version and channel. */
export const correlationsTab: TabOfSignature = async ({ request, search, params }) => {
  const ofGroups = await search.ask(
    withMore(request.query, GROUPS_AGGREGATION, ['_facets_size', '50'], ['_results_number', '0']),
  )
  const groups = correlationGroups(ofGroups.facets)
  const group = chosenGroup(params, groups)
  if (group === null) {
    const content = <p class="empty">No report of this signature names a product: there is nothing to compare with.</p>
    return { content, list: NO_LIST, query: request.query, partial: isPartial(ofGroups) }
  }
  const facets = comparedFields(search.catalog).map(({ name }) => ['_facets', name] as const)
  const ask = (filters: URLSearchParams, terms: number) =>
    search.ask(withMore(filters, ...facets, ['_facets_size', String(terms)], ['_results_number', '0']))
  const query = filtersOfGroup(request.query, group)
  const [signature, all] = await Promise.all([
    ask(query, CORRELATED_TERMS),
    ask(filtersOfGroup(request.filters, group), CORRELATION_GROUP_TERMS),
  ])
  const result = correlations(signature, all)
  const shown = result.kind === 'correlations' ? result.found.slice(0, MAX_SHOWN_CORRELATIONS) : []
  return {
    content: (
      <>
        <div class="toggles">
          <Toggle label="Among reports of">
            {[...new Set([group, ...groups.slice(0, SHOWN_GROUPS)])].map((one) => (
              <ToggleLink
                href={`/signature/?${withGroup(params, one)}`}
                on={one === group}
                text={`${groupText(one)} (${grouped(one.stored)} stored)`}
              />
            ))}
          </Toggle>
        </div>
        {result.kind === 'too_few' ? (
          <p class="empty">
            {result.where === 'signature'
              ? `Only ${grouped(result.count)} stored reports of this signature are of this group; at least ${result.needed} are needed to say anything.`
              : `Only ${grouped(result.count)} other stored reports are of this group; at least ${result.needed} are needed to compare with.`}
          </p>
        ) : (
          <>
            <p class="quiet">
              {`${grouped(result.inSignature)} stored reports of this signature against ${grouped(result.inOthers)} others of ${groupText(group)}; ${grouped(result.compared)} values compared. Intervals are of 95 %.`}
            </p>
            {shown.length === 0 ? (
              <p class="empty">Nothing is over-represented: these crashes look like all others of their group.</p>
            ) : (
              <CorrelationTable found={shown} />
            )}
            {result.found.length > shown.length ? (
              <p class="quiet">{`${grouped(result.found.length - shown.length)} more are not shown.`}</p>
            ) : null}
          </>
        )}
      </>
    ),
    list: {
      caption: `Correlations of ${request.signature} among ${groupText(group)}`,
      columns: ['field', 'value', 'share in signature', 'share in others', 'difference', 'from', 'to'],
      rows: shown.map((one) => [
        one.field,
        valueText(one),
        ...[shareOf(one.inSignature), shareOf(one.inOthers), one.difference, one.interval.low, one.interval.high].map(
          (share) => Number(share.toFixed(4)),
        ),
      ]),
    },
    query,
    partial: isPartial(ofGroups, signature, all),
  }
}

function valueText({ term }: Correlation): string {
  return asText(term) ?? '(blank)'
}

function CorrelationTable({ found }: { readonly found: readonly Correlation[] }) {
  return (
    <section class="scroller" aria-label="Over-represented values" tabindex={0}>
      <table class="correlations" data-rows="">
        <caption class="visually-hidden">Over-represented values, the surest first</caption>
        <thead>
          <tr>
            <th scope="col">Attribute</th>
            <th scope="col" class="number">
              In this signature
            </th>
            <th scope="col" class="number">
              In others
            </th>
            <th scope="col" class="number">
              Difference, points (95 %)
            </th>
            <th scope="col">Interval</th>
          </tr>
        </thead>
        <tbody>
          {found.map((one) => (
            <tr>
              <th scope="row">
                <code>{one.field}</code> = {valueText(one)}
              </th>
              <td class="number">{`${percentText(shareOf(one.inSignature))} (${grouped(one.inSignature.count)} stored)`}</td>
              <td class="number">{`${one.othersAtMost ? 'at most ' : ''}${percentText(shareOf(one.inOthers))}`}</td>
              <td class="number">
                {`${pointsText(one.difference)} (${pointsText(one.interval.low)} to ${pointsText(one.interval.high)})`}
              </td>
              <td>
                <IntervalBar correlation={one} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** From −0 to 100 points: the interval as a bar, the difference as a mark in it. The numbers stand beside it. */
function IntervalBar({ correlation: { interval, difference } }: { readonly correlation: Correlation }) {
  const at = (share: number) => `${Math.max(0, Math.min(100, 100 * share)).toFixed(1)}%`
  const width = `${Math.max(0.5, 100 * (Math.min(1, interval.high) - Math.max(0, interval.low))).toFixed(1)}%`
  return (
    <svg class="interval" width="100%" height="14" aria-hidden="true" focusable="false">
      <rect class="interval-track" y="6" width="100%" height="2" />
      <rect class="interval-bar" x={at(interval.low)} y="3" width={width} height="8" />
      <rect class="interval-mark" x={at(difference)} width="2" height="14" />
    </svg>
  )
}
