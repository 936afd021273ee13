import type { MissingSymbol } from '#shared/db/missing-symbols.ts'
import type { BookedFile } from '#shared/db/upload-books.ts'
import { MAX_SYMBOL_NAME_CHARS, SHOWN_MISSING_SYMBOLS } from '#shared/limits.ts'
import { document, Layout } from '../components/layout.tsx'
import { Moment } from '../components/moment.tsx'
import type { Answer } from '../deps.ts'
import { grouped, shownText } from '../views/json-value.ts'
import { errorPage } from './error.tsx'

/** One module: its debug file (or code file) and debug id (or code id, upper case). */
interface AskedModule {
  readonly name: string
  readonly id: string
}

/**
 * `/symbols/`: modules whose symbols crashes and debuggers miss, the most crashes first; with `?module=` those of that name, and with `&id=` what is
 * known of that very module. Where the chips of report pages lead.
 */
export const symbolsPage: Answer = async (context, deps) => {
  const { viewer } = context.var
  if (deps.symbolAccess === 'private' && viewer.email === null) {
    return errorPage(context, 403, 'Symbols are private here', ['Sign in to see which symbols are there.'])
  }
  const { searchParams } = new URL(context.req.url)
  const name = (searchParams.get('module') ?? '').trim().slice(0, MAX_SYMBOL_NAME_CHARS)
  const id = (searchParams.get('id') ?? '').trim().toUpperCase()
  const asked = name !== '' && /^[0-9A-F]{1,255}$/.test(id) ? { name, id } : null
  const [missing, total, file] = await Promise.all([
    deps.missingSymbols.list({
      state: 'missing',
      module: name === '' ? null : name,
      sort: 'crashes',
      descending: true,
      limit: SHOWN_MISSING_SYMBOLS,
      offset: 0,
    }),
    deps.missingSymbols.total({ state: 'missing', module: name === '' ? null : name }),
    asked === null ? null : deps.uploadBooks.symFileOf(asked.name, asked.id, false),
  ])
  return context.html(
    document(
      <Layout
        title={name === '' ? 'Missing symbols' : `Symbols of ${shownText(name)}`}
        viewer={viewer}
        here={`/symbols/?${searchParams}`}
      >
        <h1>{name === '' ? 'Missing symbols' : `Symbols of ${shownText(name)}`}</h1>
        <form class="thread-search" action="/symbols/" method="get">
          <label for="module">Module</label>
          <input id="module" name="module" type="search" value={shownText(name)} />
          <button type="submit">Find</button>
          {name === '' ? null : <a href="/symbols/">All modules</a>}
        </form>
        {asked === null ? null : <ModuleSymbols asked={asked} file={file} />}
        <MissingList missing={missing} total={total} name={name} />
      </Layout>,
    ),
  )
}

/** What is known of one module: its newest sym file, or how to upload one. */
function ModuleSymbols({ asked, file }: { readonly asked: AskedModule; readonly file: BookedFile | null }) {
  const path = `${encodeURIComponent(asked.name)}/${asked.id}`
  return (
    <section class="card" aria-labelledby="module-symbols">
      <h2 id="module-symbols">
        <code>{asked.id}</code>
      </h2>
      {file === null ? (
        <>
          <p>
            <span class="chip symbols-missing">missing</span> No sym file was uploaded for this module. Upload it, then
            reprocess the crashes:
          </p>
          <pre class="command">
            <code>npm run --silent mayday -- upload-symbols --url URL --token TOKEN path/to/symbols</code>
          </pre>
        </>
      ) : (
        <FileFacts file={file} />
      )}
      <p class="quiet">
        As JSON: <a href={`/api/syminfo/${path}`}>syminfo</a>,{' '}
        <a href={`/api/uploads/missing-symbols/?${new URLSearchParams({ module: asked.name, state: 'all' })}`}>
          missing symbols
        </a>
      </p>
    </section>
  )
}

function FileFacts({ file }: { readonly file: BookedFile }) {
  const codeName = [file.codeFile, file.codeId].filter((part) => part !== null).join(' ')
  return (
    <div class="facts">
      <p>
        <span class="chip symbols-loaded">uploaded</span> <Moment atMs={file.createdAtMs} />
      </p>
      <dl>
        {codeName === '' ? null : (
          <div>
            <dt>Code file</dt>
            <dd>{shownText(codeName)}</dd>
          </div>
        )}
        {file.generator === null ? null : (
          <div>
            <dt>Made by</dt>
            <dd>{shownText(file.generator)}</dd>
          </div>
        )}
        <div>
          <dt>Size</dt>
          <dd>{`${grouped(file.originalBytes)} bytes, stored as ${grouped(file.storedBytes)}`}</dd>
        </div>
        <div>
          <dt>Index</dt>
          <dd>{indexText(file)}</dd>
        </div>
      </dl>
    </div>
  )
}

function indexText({ indexState }: BookedFile): string {
  if (indexState === null) return 'not built yet'
  switch (indexState.state) {
    case 'indexed':
      return 'built: stackwalks and symbolication use it'
    case 'corrupt':
      return `none: the file is corrupt at line ${grouped(indexState.line)} (${shownText(indexState.reason)})`
    case 'failed':
      return `none yet: ${shownText(indexState.reason)}`
    case 'replaced':
      return 'replaced by a newer file'
  }
}

function MissingList({
  missing,
  total,
  name,
}: {
  readonly missing: readonly MissingSymbol[]
  readonly total: number
  readonly name: string
}) {
  if (missing.length === 0) {
    return (
      <p class="empty">
        {name === ''
          ? 'No crash and no debugger misses any symbols.'
          : 'No crash and no request that misses symbols of such a module has been counted.'}
      </p>
    )
  }
  return (
    <section aria-labelledby="missing">
      <h2 id="missing">{`Missing (${grouped(total)})`}</h2>
      <section class="scroller" aria-label="Missing symbols" tabindex={0}>
        <table class="modules" data-rows="">
          <caption class="visually-hidden">Modules without symbols, the most crashes first</caption>
          <thead>
            <tr>
              <th scope="col">Module</th>
              <th scope="col">Id</th>
              <th scope="col">Code file</th>
              <th scope="col">Crashes</th>
              <th scope="col">Requests</th>
              <th scope="col">First seen (UTC)</th>
              <th scope="col">Last seen (UTC)</th>
            </tr>
          </thead>
          <tbody>
            {missing.map((row) => (
              <MissingRow row={row} />
            ))}
          </tbody>
        </table>
      </section>
      {total > missing.length ? (
        <p>
          {`${grouped(total - missing.length)} more are in the `}
          <a href={`/api/uploads/missing-symbols.csv${name === '' ? '' : `?${new URLSearchParams({ module: name })}`}`}>
            CSV
          </a>
          .
        </p>
      ) : null}
    </section>
  )
}

function MissingRow({ row }: { readonly row: MissingSymbol }) {
  const [name, id] = [row.debugFile ?? row.codeFile ?? '', row.debugId ?? row.codeId ?? '']
  return (
    <tr>
      <th scope="row">
        <a href={`/symbols/?${new URLSearchParams({ module: name, id })}`}>{shownText(name)}</a>
      </th>
      <td class="code">{shownText(id)}</td>
      <td>{shownText([row.codeFile, row.codeId].filter((part) => part !== null).join(' '))}</td>
      <td>
        <a href={`/search/?${new URLSearchParams({ missing_symbols: `~${name}` })}`}>{grouped(row.crashes)}</a>
      </td>
      <td>{grouped(row.requests)}</td>
      <td>
        <Moment atMs={row.firstSeenAtMs} inTable />
      </td>
      <td>
        <Moment atMs={row.lastSeenAtMs} inTable />
      </td>
    </tr>
  )
}
