import { MAX_FACETS_SIZE, SEARCH_RPC_DEADLINE_MS } from '#shared/limits.ts'
import { document, Layout } from '../components/layout.tsx'
import { Ago } from '../components/moment.tsx'
import type { Answer } from '../deps.ts'
import { askStage } from '../stage-unavailable.ts'
import { grouped } from '../views/json-value.ts'
import { type ProductCrashes, type RecentCrashes, recentCrashes } from '../views/product-crashes.ts'

/** `/`: what this is, what crashed lately, and what to try next. */
export const homePage: Answer = async (context, deps) => {
  const nowMs = deps.clock()
  const { viewer } = context.var
  const recent = await askStage(
    'search',
    SEARCH_RPC_DEADLINE_MS,
    recentCrashes((query) => deps.search.query(query), viewer, nowMs),
  )
  return context.html(
    document(
      <Layout title="Latest crashes" viewer={viewer} here="/">
        <div class="intro">
          <h1>Latest crashes</h1>
          <p class="lede">
            Mayday receives crash reports, walks their stacks and counts them by signature. It speaks the protocols of
            Breakpad, Crashpad, Socorro and Tecken.
          </p>
          <Counts recent={recent} />
        </div>
        {recent.partial ? (
          <p class="notice warn" role="status">
            Search did not answer in full: some crashes are missing here.
          </p>
        ) : null}
        <div class="home-grid">
          <div class="product-cards">
            {recent.products.length === 0 ? <NoCrashes /> : null}
            {recent.products.map((product) => (
              <ProductCard product={product} nowMs={nowMs} />
            ))}
            {recent.moreProducts === 0 ? null : (
              <p>
                <a href="/search/?_facets=product">{`${grouped(recent.moreProducts)} more products`}</a>
              </p>
            )}
          </div>
          <TryNext origin={new URL(context.req.url).origin} />
        </div>
      </Layout>,
    ),
  )
}

function Counts({ recent }: { readonly recent: RecentCrashes }) {
  const signatures = `${grouped(recent.signatures)}${recent.signatures >= MAX_FACETS_SIZE ? '+' : ''}`
  const products = recent.products.length + recent.moreProducts
  return (
    <dl class="counts">
      <div>
        <dt>Crashes in 7 days</dt>
        <dd>{grouped(recent.total)}</dd>
      </div>
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

function ProductCard({ product, nowMs }: { readonly product: ProductCrashes; readonly nowMs: number }) {
  return (
    <section class="card">
      <div class="section-heading">
        <h2>
          <a href={`/search/?${new URLSearchParams({ product: product.product })}`}>{product.product}</a>
        </h2>
        <span class="quiet">{`${grouped(product.count)} ${product.count === 1 ? 'crash' : 'crashes'} in 7 days`}</span>
      </div>
      <table class="latest">
        <caption class="visually-hidden">{`Latest crashes of ${product.product}`}</caption>
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

function TryNext({ origin }: { readonly origin: string }) {
  const mayday = 'npm run --silent mayday --'
  const steps = [
    {
      what: 'Send a crash of your own',
      command: `${mayday} submit --url ${origin} -a ProductName=MyApp -a Version=1.0 crash.dmp`,
    },
    {
      what: 'Make a token for symbol uploads',
      command: `${mayday} token create --email you@example.com --permissions upload_symbols`,
    },
    {
      what: 'Upload symbols, so that frames get names',
      command: `${mayday} upload-symbols --url ${origin} --token TOKEN path/to/symbols`,
    },
  ]
  return (
    <aside class="card try-next" aria-labelledby="try-next">
      <h2 id="try-next">Try next</h2>
      <ol>
        {steps.map(({ what, command }) => (
          <li>
            {what}
            <pre class="command">
              <code>{command}</code>
            </pre>
          </li>
        ))}
      </ol>
      <p class="quiet">A click on a command selects it whole.</p>
    </aside>
  )
}
