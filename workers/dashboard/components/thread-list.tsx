import { grouped } from '../views/json-value.ts'
import type { OtherThread, OtherThreads } from '../views/other-threads.ts'
import { type ReportState, stateFields, stateHref } from '../views/report-state.ts'
import type { SymbolPageFinder } from '../views/symbol-pages.ts'
import { FrameTable } from './frame-table.tsx'

/** The threads beside the crashing one, by name, with a search through their frames. The address says which are open. */
export function ThreadList({
  threads,
  state,
  symbolPages,
}: {
  readonly threads: OtherThreads
  readonly state: ReportState
  readonly symbolPages: SymbolPageFinder
}) {
  if (threads.all === 0) return null
  const found = threads.listed.length + threads.notListed
  return (
    <section aria-labelledby="other-threads">
      <div class="section-heading">
        <h2 id="other-threads">{`Other threads (${grouped(threads.all)})`}</h2>
        <form class="thread-search" action={`/report/index/${state.crashId}#other-threads`} method="get">
          {stateFields(state).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <label class="visually-hidden" for="find">
            Search threads
          </label>
          <input id="find" name="find" type="search" value={state.sought} placeholder="Thread, function, module" />
          <button type="submit">Find</button>
          {state.open === 'all' ? null : <a href={`${stateHref(state, { open: 'all' })}#other-threads`}>Open all</a>}
        </form>
      </div>
      {state.sought === '' ? null : (
        <p class="quiet" role="status">
          {`${grouped(found)} of ${grouped(threads.all)} threads hold “${state.sought}”. `}
          <a href={`${stateHref(state)}#other-threads`}>Show all</a>
        </p>
      )}
      <div class="threads">
        {threads.listed.map((thread) => (
          <ThreadLine other={thread} state={state} symbolPages={symbolPages} />
        ))}
      </div>
      {threads.notListed === 0 ? null : <p>{`${grouped(threads.notListed)} more threads are in the raw JSON.`}</p>}
    </section>
  )
}

function ThreadLine({
  other,
  state,
  symbolPages,
}: {
  readonly other: OtherThread
  readonly state: ReportState
  readonly symbolPages: SymbolPageFinder
}) {
  const { thread, top } = other
  const line = (
    <>
      <span class="thread-name">{thread.name ?? ''}</span>
      <span class="thread-top">{top}</span>
      <span class="thread-count">{`${grouped(thread.frameCount)} ${thread.frameCount === 1 ? 'frame' : 'frames'}`}</span>
    </>
  )
  if (other.frames === 'elsewhere') {
    return (
      <div class="thread-line" id={`t${thread.index}`}>
        <a class="thread-index" href={`${stateHref(state, { open: thread.index })}#t${thread.index}`}>
          {`Thread ${thread.index}`}
        </a>
        {line}
      </div>
    )
  }
  return (
    <details id={`t${thread.index}`} open={other.frames === 'open'}>
      <summary class="thread-line">
        <span class="thread-index">{`Thread ${thread.index}`}</span>
        {line}
      </summary>
      <FrameTable
        thread={thread}
        caption={`Frames of thread ${thread.index}`}
        symbolPages={symbolPages}
        matches={other.matches}
      />
    </details>
  )
}
