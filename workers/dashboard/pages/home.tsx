import type { WaitingCrashes } from '#shared/db/missing-processed-crashes.ts'
import { MAX_FACETS_SIZE, SEARCH_RPC_DEADLINE_MS } from '#shared/limits.ts'
import { CopyLinks } from '../components/copy-links.tsx'
import { CountOf, PartialNotice, PingsOf, SamplingBanner } from '../components/counted.tsx'
import { document, Layout } from '../components/layout.tsx'
import { Moment } from '../components/moment.tsx'
import { ProductCard } from '../components/product-card.tsx'
import { HatchPattern } from '../components/series-chart.tsx'
import { TryNext } from '../components/try-next.tsx'
import type { Answer } from '../deps.ts'
import { listAnswer } from '../list-answer.ts'
import { type Overview, readOverview } from '../overview-reading.ts'
import { pageSearch } from '../page-search.ts'
import { askStage } from '../stage-unavailable.ts'
import type { Counted } from '../views/counts.ts'
import { grouped } from '../views/json-value.ts'
import type { OverviewLine, ProductOverview } from '../views/overview.ts'
import { type RecentCrashes, recentCrashes } from '../views/product-crashes.ts'

/** `/`: what crashes, what changed, and what to try next. */
export const homePage: Answer = async (context, deps) => {
  const { viewer } = context.var
  const { origin, searchParams: params } = new URL(context.req.url)
  const search = await pageSearch(deps, viewer)
  const { nowMs } = search
  const [recent, overview] = await Promise.all([
    askStage(
      'search',
      SEARCH_RPC_DEADLINE_MS,
      recentCrashes((query) => deps.search.query(query), viewer, nowMs),
    ),
    readOverview(search, deps),
  ])
  const list = listAnswer(params, () => listOf(overview.products))
  if (list !== null) return list
  return context.html(
    document(
      <Layout title="Overview" viewer={viewer} here="/">
        <HatchPattern />
        <div class="intro">
          <h1>Overview</h1>
          <p class="lede">
            Mayday receives crash reports, walks their stacks and counts them by signature. It speaks the protocols of
            Breakpad, Crashpad, Socorro and Tecken.
          </p>
          <Counts recent={recent} all={overview.all} pings={[...overview.pings.values()]} />
        </div>
        <Waiting waiting={overview.waiting} />
        <PartialNotice partial={recent.partial || overview.partial} />
        <SamplingBanner sampling={overview.sampling} />
        <div class="home-grid">
          <div class="product-cards">
            {recent.products.length === 0 ? <NoCrashes /> : null}
            {recent.products.map((product) => (
              <ProductCard
                product={product}
                overview={overview.products.find(({ name }) => name === product.product) ?? null}
                pings={overview.pings.get(product.product) ?? null}
                nowMs={nowMs}
              />
            ))}
            {recent.moreProducts === 0 ? null : (
              <p>
                <a href="/search/?_facets=product">{`${grouped(recent.moreProducts)} more products`}</a>
              </p>
            )}
          </div>
          <div class="home-side">
            <MissingSymbols modules={overview.missing} />
            <TryNext origin={origin} />
          </div>
        </div>
        {recent.products.length === 0 ? null : (
          <CopyLinks path="/" params={params} origin={origin} query={overview.query} />
        )}
      </Layout>,
    ),
  )
}

/** Every line of the overview. */
function listOf(products: readonly ProductOverview[]) {
  const row = (product: string, what: string, name: string, now: Counted, before: number | null) => [
    ...[product, what, name, now.stored, Math.round(now.estimate), before === null ? null : Math.round(before)],
  ]
  return {
    caption: 'Overview of 7 days and today',
    columns: ['product', 'what', 'name', 'stored', 'estimated', 'estimated in the week before'],
    rows: products.flatMap(({ name: product, channels, movers, newSignatures, ...all }) => [
      row(product, 'product', product, all.counted, null),
      ...channels.map(({ name, counted }) => row(product, 'channel', name, counted, null)),
      ...movers.map(({ signature, now, before }) => row(product, 'mover', signature, now, before.estimate)),
      ...newSignatures.map((one) => row(product, 'new signature', one.signature, one, 0)),
    ]),
  }
}

/** Crashes that were saved and not processed in time: what this page counts is too low by them. */
function Waiting({ waiting: { count, oldestAtMs } }: { readonly waiting: WaitingCrashes }) {
  if (count === 0 || oldestAtMs === null) return null
  return (
    <p class="notice warn" role="status">
      {`${grouped(count)} saved ${count === 1 ? 'report waits' : 'reports wait'} to be processed, the oldest found `}
      <Moment atMs={oldestAtMs} />
      {': '}
      <a href="/api/MissingProcessedCrash/">which ones</a>.
    </p>
  )
}

function Counts({
  recent,
  all,
  pings,
}: {
  readonly recent: RecentCrashes
  readonly all: Counted
  readonly pings: readonly OverviewLine[]
}) {
  const signatures = `${grouped(recent.signatures)}${recent.signatures >= MAX_FACETS_SIZE ? '+' : ''}`
  const products = recent.products.length + recent.moreProducts
  return (
    <dl class="counts">
      <div>
        <dt>Reports, 7 days and today</dt>
        <dd>
          <CountOf counted={all} />
        </dd>
      </div>
      {pings.length === 0 ? null : (
        <div>
          <dt>Crash pings, 7 days and today</dt>
          <dd>
            <PingsOf pings={pings.reduce((sum, { counted }) => sum + counted.stored, 0)} />
          </dd>
        </div>
      )}
      <div>
        <dt>Signatures</dt>
        <dd>{signatures}</dd>
      </div>
      <div>
        <dt>Products</dt>
        <dd>{grouped(products)}</dd>
      </div>
    </dl>
  )
}

function MissingSymbols({ modules }: { readonly modules: Overview['missing'] }) {
  if (modules.length === 0) return null
  return (
    <section class="card" aria-labelledby="missing-symbols">
      <h2 id="missing-symbols">Missing symbols</h2>
      <ol class="missing">
        {modules.map(({ module, count }) => (
          <li>
            <a href={`/search/?${new URLSearchParams({ missing_symbols: module })}`}>{module}</a>{' '}
            <span class="quiet">{`${grouped(count)} stored`}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}

function NoCrashes() {
  return (
    <section class="card empty">
      <h2>No crashes in the last seven days</h2>
      <p>
        Send one with the first command of “Try next”, or look further back in <a href="/search/">search</a>.
      </p>
    </section>
  )
}
