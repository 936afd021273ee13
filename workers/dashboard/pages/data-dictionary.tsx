import {
  DATASETS,
  type Dataset,
  type DictionaryEntry,
  dataDictionary,
  dictionaryCsv,
  findEntry,
} from '#shared/annotations/data-dictionary.ts'
import { type AnnotationRegistry, BUILT_IN_REGISTRY } from '#shared/annotations/registry.ts'
import type { SearchField } from '#shared/search/fields.ts'
import { document, Layout } from '../components/layout.tsx'
import type { Answer, DashboardDeps } from '../deps.ts'
import { grouped } from '../views/json-value.ts'
import { errorPage } from './error.tsx'

/** Where the data dictionary lies; the addresses of its fields are the peer's. */
export const DICTIONARY_PATH = '/documentation/datadictionary'

const TITLES: Readonly<Record<Dataset, string>> = {
  annotation: 'Crash annotations',
  processed: 'Keys of the processed crash',
}

/** `/documentation/datadictionary/`: every annotation and key, the deployment's own among them. `?q=` is a part of a name or description. */
export const dictionaryPage: Answer = async (context, deps) => {
  const registry = await registryOf(deps)
  const sought = new URL(context.req.url).searchParams.get('q')?.trim() ?? ''
  const entries = dataDictionary(registry).filter((entry) => isSought(entry, sought))
  const products = (await deps.products.current())?.products ?? []
  return context.html(
    document(
      <Layout title="Data dictionary" viewer={context.var.viewer} here={`${DICTIONARY_PATH}/`}>
        <h1>Data dictionary</h1>
        <div class="lede">
          <p>
            What clients send with a crash, what becomes of it, and who may see it. What is not listed here is kept and
            protected: only viewers with the permission to see protected data see it.
          </p>
          <p>
            Also as <a href={`${DICTIONARY_PATH}.csv`}>CSV</a>, and the search fields as{' '}
            <a href="/api/SuperSearchFields/">JSON</a>.
          </p>
        </div>
        <search>
          <form class="joined" action={`${DICTIONARY_PATH}/`} method="get">
            <label for="q">Name or description</label>
            <input id="q" name="q" type="search" value={sought} spellcheck={false} />
            <button type="submit">Find</button>
          </form>
        </search>
        {DATASETS.map((dataset) => (
          <EntryTable dataset={dataset} entries={entries.filter((entry) => entry.dataset === dataset)} />
        ))}
        {products.length === 0 ? null : (
          <section aria-labelledby="products">
            <h2 id="products">Products</h2>
            <ul>
              {products.map(({ name, description }) => (
                <li>
                  <a href={`/search/?${new URLSearchParams({ product: name })}`}>{name}</a>
                  {description === '' ? null : `: ${description}`}
                </li>
              ))}
            </ul>
          </section>
        )}
      </Layout>,
    ),
  )
}

/** `/documentation/datadictionary/dataset/<dataset>/field/<name>`: one annotation or key. */
export const dictionaryFieldPage: Answer = async (context, deps) => {
  const name = context.req.param('name') ?? ''
  const entry = findEntry(await registryOf(deps), context.req.param('dataset') ?? '', name)
  if (entry === null)
    return errorPage(context, 404, 'Nothing of that name is in the data dictionary', [
      'What is not listed is kept and protected.',
      <a href={`${DICTIONARY_PATH}/`}>Data dictionary</a>,
    ])
  const { dataset, type, description, counterpart, fields } = entry
  return context.html(
    document(
      <Layout title={name} viewer={context.var.viewer} here={entryPath(dataset, name)}>
        <div class="report-header">
          <p class="eyebrow">{dataset === 'annotation' ? 'Crash annotation' : 'Key of the processed crash'}</p>
          <h1>
            <code>{name}</code>
          </h1>
          <p>{description}</p>
        </div>
        <section class="facts" aria-label="Facts">
          <dl>
            <div>
              <dt>Type</dt>
              <dd>{type}</dd>
            </div>
            <div>
              <dt>Who may see it</dt>
              <dd>{seenBy(entry)}</dd>
            </div>
            {counterpart === null ? null : (
              <div>
                <dt>{dataset === 'annotation' ? 'Copied to the key' : 'Copied from the annotation'}</dt>
                <dd>
                  <a href={entryPath(dataset === 'annotation' ? 'processed' : 'annotation', counterpart)}>
                    <code>{counterpart}</code>
                  </a>
                </dd>
              </div>
            )}
            {entry.ofDeployment ? (
              <div>
                <dt>Listed by</dt>
                <dd>{`this deployment’s annotations.json${entry.reason === '' ? '' : `: ${entry.reason}`}`}</dd>
              </div>
            ) : null}
          </dl>
        </section>
        <FieldTable fields={fields} />
        <p>
          <a href={`${DICTIONARY_PATH}/`}>Data dictionary</a>
        </p>
      </Layout>,
    ),
  )
}

/** `/documentation/datadictionary.csv`: all of it for a spreadsheet. */
export const dictionaryCsvFile: Answer = async (_, deps) =>
  new Response(dictionaryCsv(await registryOf(deps)), {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': 'attachment; filename="data-dictionary.csv"',
      'X-Content-Type-Options': 'nosniff',
    },
  })

/** While CONFIG has not answered, what is built in is still true. */
async function registryOf({ annotations }: Pick<DashboardDeps, 'annotations'>): Promise<AnnotationRegistry> {
  return (await annotations.current()) ?? BUILT_IN_REGISTRY
}

function isSought({ name, description, counterpart, fields }: DictionaryEntry, sought: string): boolean {
  const texts = [name, description, counterpart ?? '', ...fields.map((field) => field.name)]
  return texts.some((text) => text.toLowerCase().includes(sought.toLowerCase()))
}

function EntryTable({ dataset, entries }: { readonly dataset: Dataset; readonly entries: readonly DictionaryEntry[] }) {
  return (
    <section aria-labelledby={dataset}>
      <div class="section-heading">
        <h2 id={dataset}>{TITLES[dataset]}</h2>
        <span class="quiet">{grouped(entries.length)}</span>
      </div>
      {entries.length === 0 ? (
        <p>None has that in its name or description.</p>
      ) : (
        <section class="scroller" tabindex={0} aria-label={`${TITLES[dataset]}, a table that scrolls`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Type</th>
                <th scope="col">Who may see it</th>
                <th scope="col">Search field</th>
                <th scope="col">What it is</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <tr>
                  <th scope="row">
                    <a href={entryPath(dataset, entry.name)}>
                      <code>{entry.name}</code>
                    </a>
                    {entry.ofDeployment ? <span class="chip">deployment</span> : null}
                  </th>
                  <td>{entry.type}</td>
                  <td>{seenBy(entry)}</td>
                  <td>{entry.fields.map(({ name }) => name).join(', ')}</td>
                  <td>{entry.description}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  )
}

function FieldTable({ fields }: { readonly fields: readonly SearchField[] }) {
  if (fields.length === 0) return <p>It cannot be searched.</p>
  return (
    <section aria-labelledby="fields">
      <h2 id="fields">Search fields</h2>
      <section class="scroller" tabindex={0} aria-label="Search fields, a table that scrolls">
        <table>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Type</th>
              <th scope="col">Operators</th>
              <th scope="col">Who may ask for it</th>
            </tr>
          </thead>
          <tbody>
            {fields.map(({ name, type, operators, permission }) => (
              <tr>
                <th scope="row">
                  <a href={`/search/?${new URLSearchParams({ _facets: name })}`}>{name}</a>
                </th>
                <td>{type}</td>
                <td>{operators.map((operator) => operator || 'none').join(' ')}</td>
                <td>{permission}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  )
}

function seenBy({ visibility, scrubbed }: DictionaryEntry): string {
  return scrubbed ? 'public, scrubbed' : visibility
}

function entryPath(dataset: Dataset, name: string): string {
  return `${DICTIONARY_PATH}/dataset/${dataset}/field/${encodeURIComponent(name)}`
}
