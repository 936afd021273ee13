import type { Source } from '#shared/source-links/source-links.ts'
import type { FrameRow, Thread } from '../views/frames.ts'
import type { SymbolPageFinder } from '../views/symbol-pages.ts'
import { TRUSTS, type Trust } from '../views/trust.ts'

const NO_MATCHES: ReadonlySet<string> = new Set()

/** The frames of one thread: each was called by the frame below it; functions inlined into a frame stand indented under it. */
export function FrameTable({
  thread,
  caption,
  symbolPages,
  matches = NO_MATCHES,
}: {
  readonly thread: Thread
  readonly caption: string
  readonly symbolPages: SymbolPageFinder
  /** Anchors of rows that hold what was sought. */
  readonly matches?: ReadonlySet<string>
}) {
  return (
    <table class="frames" data-rows="">
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col" class="number">
            Frame
          </th>
          <th scope="col" class="module">
            Module
          </th>
          <th scope="col" class="function" title="A long name is cut to three lines; choose its frame to read it whole">
            Function
          </th>
          <th scope="col" class="source">
            Source
          </th>
          <th scope="col" class="trust">
            Trust
          </th>
        </tr>
      </thead>
      <tbody>
        {thread.rows.map((row, at) => (
          <Row
            row={row}
            symbolPages={symbolPages}
            matches={matches}
            isModulesFirst={moduleOf(row) !== moduleOf(thread.rows[at - 1])}
          />
        ))}
      </tbody>
    </table>
  )
}

function moduleOf(row: FrameRow | undefined): string | null {
  return row?.kind === 'frame' ? row.module : null
}

function Row({
  row,
  symbolPages,
  matches,
  isModulesFirst,
}: {
  readonly row: FrameRow
  readonly symbolPages: SymbolPageFinder
  readonly matches: ReadonlySet<string>
  /** The row above is not of the same module. */
  readonly isModulesFirst: boolean
}) {
  switch (row.kind) {
    case 'truncated':
      return (
        <tr class="truncated">
          <td colspan={5}>{row.text}</td>
        </tr>
      )
    case 'inline':
      return (
        <tr class={matches.has(row.anchor) ? 'inline match' : 'inline'} id={row.anchor}>
          <td class="number">
            <a href={`#${row.anchor}`} aria-label={`inline in frame ${row.number}`}>
              inline
            </a>
          </td>
          <td class="module" />
          <td class="function">
            <code>{row.function}</code>
          </td>
          <SourceCell source={row.source} />
          <td class="trust" />
        </tr>
      )
    case 'frame':
      return (
        <tr class={matches.has(row.anchor) ? 'frame match' : 'frame'} id={row.anchor}>
          <td class="number">
            <a href={`#${row.anchor}`}>{row.number}</a>
          </td>
          <td class="module">
            {row.module === null ? null : (
              <ModuleName
                name={row.module}
                missing={row.missingSymbols}
                page={isModulesFirst || row.missingSymbols ? symbolPages(row.module) : null}
              />
            )}
          </td>
          <td class="function">
            {row.named ? <code>{row.function}</code> : <code class="unnamed">{row.function}</code>}
            {row.unloadedModules.length === 0 ? null : (
              <span class="unloaded">{`unloaded: ${row.unloadedModules.join('; ')}`}</span>
            )}
          </td>
          <SourceCell source={row.source} />
          <td class="trust">{row.trust === null ? null : <TrustChip trust={row.trust} />}</td>
        </tr>
      )
  }
}

/** The module, leading to what is known of its symbols (once for frames in a row: a page of frames stays light); a chip says where they are missing. */
function ModuleName({
  name,
  missing,
  page,
}: {
  readonly name: string
  readonly missing: boolean
  readonly page: string | null
}) {
  if (!missing) return page === null ? <span>{name}</span> : <a href={page}>{name}</a>
  return (
    <>
      {name}
      {page === null ? (
        <span class="chip missing">no symbols</span>
      ) : (
        <a class="chip missing" href={page} title="Upload its symbols, then reprocess">
          no symbols
        </a>
      )}
    </>
  )
}

/** The source, in short; the file as the sym file has it is the tooltip where neither text nor link says it. */
export function SourceCell({ source }: { readonly source: Source | null }) {
  if (source === null) return <td class="source" />
  const at = source.line === null ? '' : `:${source.line}`
  return source.path === source.file || source.href !== null ? (
    <td class="source">
      <SourceLink source={source} at={at} />
    </td>
  ) : (
    <td class="source" title={`${source.file}${at}`}>
      <SourceLink source={source} at={at} />
    </td>
  )
}

function SourceLink({ source, at }: { readonly source: Source; readonly at: string }) {
  // Lines break after a slash, not inside a name.
  const path = source.path.split('/').flatMap((part, index) => (index === 0 ? [part] : ['/', <wbr />, part]))
  const text = [...path, at]
  if (source.href === null) return <>{text}</>
  return (
    <a href={source.href} rel="noreferrer">
      {text}
    </a>
  )
}

function TrustChip({ trust }: { readonly trust: Trust }) {
  return (
    <span class={`chip trust-${trust.confidence}`} title={trust.brief}>
      {trust.name}
    </span>
  )
}

/** What the trust chips mean, in words; for those whom tooltips do not reach. */
export function TrustLegend() {
  return (
    <details class="legend">
      <summary>What trust means</summary>
      <dl>
        {TRUSTS.map((trust) => (
          <div>
            <dt>
              <TrustChip trust={trust} />
            </dt>
            <dd>{trust.means}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
