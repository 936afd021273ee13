import { type Counted, estimateText, keptText } from '../views/counts.ts'
import { dayOf, todayMs, trendText } from '../views/day-series.ts'
import { grouped, shownText } from '../views/json-value.ts'
import { type OverviewLine, overviewDays, type ProductOverview } from '../views/overview.ts'
import type { ProductCrashes } from '../views/product-crashes.ts'
import { signaturePath } from '../views/signature-request.ts'
import { CountOf, PingsOf } from './counted.tsx'
import { Ago } from './moment.tsx'
import { Sparkline } from './series-chart.tsx'

/** One product of the overview: its channels by the day, what rose, what is new, and its latest reports. */
export function ProductCard({
  product,
  overview,
  pings,
  nowMs,
}: {
  readonly product: ProductCrashes
  readonly overview: ProductOverview | null
  readonly pings: OverviewLine | null
  readonly nowMs: number
}) {
  const filters = new URLSearchParams({ product: product.product })
  return (
    <section class="card">
      <div class="section-heading">
        <h2>
          <a href={`/topcrashers/?${filters}`}>{product.product}</a>
        </h2>
        {overview === null ? <span class="quiet">{`${grouped(product.count)} stored in 7 days`}</span> : null}
      </div>
      {overview === null ? null : (
        <>
          <ChannelTable overview={overview} pings={pings} product={product.product} nowMs={nowMs} />
          <div class="changes">
            <Signatures
              heading="Biggest movers"
              none="Nothing rose more than chance would."
              lines={overview.movers.map(({ signature, now, before }) => ({
                signature,
                text: `${estimatedText(now)}, ${before.estimate === 0 ? 'none' : estimatedText(before)} in the week before`,
              }))}
              filters={filters}
            />
            <Signatures
              heading="New signatures"
              none="No signature is new this week."
              lines={overview.newSignatures.map((one) => ({
                signature: one.signature,
                text: estimatedText(one),
              }))}
              filters={filters}
            />
          </div>
        </>
      )}
      <table class="latest" data-rows="">
        <caption>Latest reports</caption>
        <thead>
          <tr>
            <th scope="col">Signature</th>
            <th scope="col">Version</th>
            <th scope="col">When</th>
          </tr>
        </thead>
        <tbody>
          {product.latest.map((crash) => (
            <tr>
              <td class="signature-cell">
                <a href={`/report/index/${encodeURIComponent(crash.crashId)}`}>{crash.signature}</a>
              </td>
              <td>{crash.version}</td>
              <td class="when">{crash.atMs === null ? '' : <Ago atMs={crash.atMs} nowMs={nowMs} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** `12 stored`, and where reports were sampled what they stand for. */
function estimatedText(counted: Counted): string {
  const kept = keptText(counted)
  return `${grouped(counted.stored)} stored${kept === null ? '' : `, ${estimateText(counted.estimate)} estimated`}`
}

/** The product, below it its channels where it has any, and its crash pings as a series of their own. */
function ChannelTable({
  overview,
  pings,
  product,
  nowMs,
}: {
  readonly overview: ProductOverview
  readonly pings: OverviewLine | null
  readonly product: string
  readonly nowMs: number
}) {
  const days = overviewDays(nowMs)
  const spark = (line: OverviewLine, unit: string) => (
    <Sparkline values={line.values} days={days} runningDay={dayOf(todayMs(nowMs))} unit={unit} />
  )
  const row = (line: OverviewLine, name: string, filters: URLSearchParams) => (
    <tr>
      <th scope="row">
        <a href={`/topcrashers/?${filters}`}>{name}</a>
      </th>
      <td>
        <CountOf counted={line.counted} />
      </td>
      <td>{spark(line, 'estimated reports')}</td>
      <td class="quiet">{trendText(line.trend)}</td>
    </tr>
  )
  return (
    <table class="channels">
      <caption class="visually-hidden">{`Reports of ${product} by channel`}</caption>
      <thead>
        <tr>
          <th scope="col">Channel</th>
          <th scope="col">7 days and today</th>
          <th scope="col">By day, received (UTC)</th>
          <th scope="col">Whole days</th>
        </tr>
      </thead>
      <tbody>
        {row(overview, 'all', new URLSearchParams({ product }))}
        {overview.channels.map((channel) =>
          row(channel, channel.name, new URLSearchParams({ product, release_channel: channel.name })),
        )}
        {pings === null ? null : (
          <tr class="pings">
            <th scope="row">crash pings</th>
            <td>
              <PingsOf pings={pings.counted.stored} />
            </td>
            <td>{spark(pings, 'pings')}</td>
            <td class="quiet">{trendText(pings.trend)}</td>
          </tr>
        )}
      </tbody>
    </table>
  )
}

function Signatures({
  heading,
  none,
  lines,
  filters,
}: {
  readonly heading: string
  readonly none: string
  readonly lines: readonly { readonly signature: string; readonly text: string }[]
  readonly filters: URLSearchParams
}) {
  return (
    <section>
      <h3>{heading}</h3>
      {lines.length === 0 ? <p class="quiet">{none}</p> : null}
      <ul data-rows="">
        {lines.map(({ signature, text }) => (
          <li>
            <a href={signaturePath(signature, filters)}>{shownText(signature)}</a> <span class="quiet">{text}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
