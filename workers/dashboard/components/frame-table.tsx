import type { FrameRow, Thread } from '../views/frames.ts'
import type { Source } from '../views/source.ts'
import { TRUSTS, type Trust } from '../views/trust.ts'

/** The frames of one thread. Read downwards: each row was called by the one below it. */
export function FrameTable({ thread, caption }: { readonly thread: Thread; readonly caption: string }) {
  return (
    <table class="frames">
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col" class="number">
            Frame
          </th>
          <th scope="col" class="module">
            Module
          </th>
          <th scope="col" class="function">
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
        {thread.rows.map((row) => (
          <Row row={row} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ row }: { readonly row: FrameRow }) {
  switch (row.kind) {
    case 'truncated':
      return (
        <tr class="truncated">
          <td colspan={5}>{row.text}</td>
        </tr>
      )
    case 'inline':
      return (
        <tr class="frame inline" id={row.anchor} data-frame={row.number}>
          <td class="number">
            <span class="visually-hidden">{`${row.number}, `}</span>
            <span class="inline-mark" title={`Inlined into frame ${row.number}`}>
              inline
            </span>
          </td>
          <td class="module">{row.module ?? ''}</td>
          <td class="function">
            <code>{row.function}</code>
          </td>
          <td class="source" title={sourceFile(row.source)}>
            <SourceLink source={row.source} />
          </td>
          <td class="trust" />
        </tr>
      )
    case 'frame':
      return (
        <tr class="frame" id={row.anchor} data-frame={row.number}>
          <td class="number">
            <a href={`#${row.anchor}`} title={`Link to frame ${row.number}`}>
              {row.number}
            </a>
          </td>
          <td class="module">
            {row.module ?? ''}
            {row.missingSymbols ? (
              <span class="chip missing" title="No symbols were found for this module: upload them, then reprocess">
                no symbols
              </span>
            ) : null}
          </td>
          <td class="function">
            <code class={row.named ? '' : 'unnamed'} title={row.address === null ? '' : `at ${row.address}`}>
              {row.function}
            </code>
            {row.unloadedModules.length === 0 ? null : (
              <span class="unloaded">{`unloaded: ${row.unloadedModules.join('; ')}`}</span>
            )}
          </td>
          <td class="source" title={sourceFile(row.source)}>
            <SourceLink source={row.source} />
          </td>
          <td class="trust">{row.trust === null ? null : <TrustChip trust={row.trust} />}</td>
        </tr>
      )
  }
}

/** The file as the sym file has it: the text of the cell may be shorter. */
function sourceFile(source: Source | null): string {
  if (source === null) return ''
  return source.line === null ? source.file : `${source.file}:${source.line}`
}

function SourceLink({ source }: { readonly source: Source | null }) {
  if (source === null) return null
  // Lines break after a slash, not inside a name.
  const path = source.path.split('/').flatMap((part, at) => (at === 0 ? [part] : ['/', <wbr />, part]))
  const text = [...path, source.line === null ? '' : `:${source.line}`]
  if (source.href === null) return <>{text}</>
  return (
    <a href={source.href} rel="noreferrer">
      {text}
    </a>
  )
}

function TrustChip({ trust }: { readonly trust: Trust }) {
  return (
    <span class={`chip trust-${trust.confidence}`} title={trust.means}>
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
