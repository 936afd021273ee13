import { REPORT_ROWS_UNASKED } from '#shared/limits.ts'
import type { SourceFinder } from '#shared/source-links/source-links.ts'
import { breadcrumbsOf } from '../views/breadcrumbs.ts'
import { causeOf } from '../views/cause.ts'
import { crashFacts } from '../views/facts.ts'
import { crashingThread, type Thread } from '../views/frames.ts'
import { javaExceptions } from '../views/java-exception.ts'
import { asList, asRecord, asText, grouped, shownText } from '../views/json-value.ts'
import { otherThreads } from '../views/other-threads.ts'
import type { ReportState } from '../views/report-state.ts'
import { symbolPageFinder } from '../views/symbol-pages.ts'
import { Breadcrumbs } from './breadcrumbs.tsx'
import { CauseSection } from './cause.tsx'
import { FactList } from './fact-list.tsx'
import { FrameTable, TrustLegend } from './frame-table.tsx'
import { JavaExceptions } from './java-stack.tsx'
import { ThreadList } from './thread-list.tsx'

type Json = Readonly<Record<string, unknown>>

/** The first tab of a report: the crashing thread, the other threads, and beside them the facts. */
export function CrashTab({
  crash,
  state,
  findSource,
}: {
  readonly crash: Json
  readonly state: ReportState
  readonly findSource: SourceFinder
}) {
  const facts = crashFacts(crash)
  const thread = crashingThread(crash, { findSource })
  const symbolPages = symbolPageFinder(crash)
  const threads = otherThreads(
    crash,
    { open: state.open, sought: state.sought, unaskedRows: REPORT_ROWS_UNASKED - (thread?.rows.length ?? 0) },
    findSource,
  )
  return (
    <div class="report-grid">
      <div class="report-main">
        <section aria-labelledby="crashing-thread">
          <div class="section-heading">
            <h2 id="crashing-thread">
              {thread === null ? 'Crashing thread' : `Crashing thread (${threadTitle(thread)})`}
            </h2>
            {thread === null ? null : <StackTools hasInlines={thread.rows.some(({ kind }) => kind === 'inline')} />}
          </div>
          {thread === null ? (
            <NoStack crash={crash} findSource={findSource} />
          ) : (
            <FrameTable thread={thread} caption="Frames of the crashing thread" symbolPages={symbolPages} />
          )}
        </section>
        {thread === null ? null : <JavaBeside crash={crash} findSource={findSource} />}
        <ThreadList threads={threads} state={state} symbolPages={symbolPages} />
        <Breadcrumbs {...breadcrumbsOf(crash)} />
      </div>
      <aside class="report-facts" id="facts" aria-label="Facts">
        <CauseSection cause={causeOf(crash)} />
        <FactList heading="Crash" facts={facts.crash} />
        <FactList heading="Build" facts={facts.build} />
        <FactList heading="System" facts={facts.system} />
        <FactList heading="Memory" facts={facts.memory} />
        <FactList heading="Times" facts={facts.times} />
        <Registers crash={crash} />
      </aside>
    </div>
  )
}

function threadTitle(thread: Thread): string {
  return [
    `thread ${thread.index}`,
    thread.name,
    `${grouped(thread.frameCount)} ${thread.frameCount === 1 ? 'frame' : 'frames'}`,
  ]
    .filter((part) => part !== null)
    .join(', ')
}

/** Inline frames fold away by style alone. */
function StackTools({ hasInlines }: { readonly hasInlines: boolean }) {
  return (
    <div class="stack-tools">
      {hasInlines ? (
        <label class="inline-switch" title="They stand under the frame that they were inlined into, innermost first">
          <input id="fold-inlines" type="checkbox" /> Hide inline frames
        </label>
      ) : null}
      <TrustLegend />
      <a class="to-facts" href="#facts">
        Facts
      </a>
    </div>
  )
}

interface StackSource {
  readonly crash: Json
  readonly findSource: SourceFinder
}

function NoStack({ crash, findSource }: StackSource) {
  const exceptions = javaExceptions(crash, findSource)
  if (exceptions.length > 0) return <JavaExceptions exceptions={exceptions} />
  const java = javaText(crash)
  if (java !== null) return <JavaText {...java} />
  const status = asText(crash.mdsw_status_string)
  return (
    <div class="empty">
      <p>
        {'There is no stack for this crash'}
        {status === null || status === 'OK' ? '.' : `: the stackwalker says ${status}.`}
      </p>
      <ul>
        <li>A report without a minidump has its annotations alone.</li>
        <li>A dump that could not be walked can be reprocessed once the cause is mended.</li>
      </ul>
    </div>
  )
}

/** A native crash may have a Java stack as well: an Android product's. */
function JavaBeside({ crash, findSource }: StackSource) {
  const exceptions = javaExceptions(crash, findSource)
  const java = javaText(crash)
  if (exceptions.length === 0 && java === null) return null
  return (
    <section aria-labelledby="java-stack">
      <h2 id="java-stack">Java stack</h2>
      {exceptions.length > 0 ? (
        <JavaExceptions exceptions={exceptions} />
      ) : java === null ? null : (
        <JavaText {...java} />
      )}
    </section>
  )
}

/** The trace as it was sent has messages and is protected; what everybody sees has none. */
function javaText(crash: Json): { readonly text: string; readonly isRaw: boolean } | null {
  const [raw, shown] = [asText(crash.java_stack_trace_raw), asText(crash.java_stack_trace)]
  if (raw !== null) return { text: raw, isRaw: true }
  return shown === null ? null : { text: shown, isRaw: false }
}

function JavaText({ text, isRaw }: { readonly text: string; readonly isRaw: boolean }) {
  return (
    <>
      {isRaw ? (
        <p>
          With messages <span class="chip protected">protected</span>
        </p>
      ) : null}
      <pre class="java-stack">{text}</pre>
    </>
  )
}

/** Registers are protected data: they are only there for viewers with view_pii. */
function Registers({ crash }: { readonly crash: Json }) {
  const firstFrame = asRecord(asList(asRecord(asRecord(crash.json_dump).crashing_thread).frames)[0])
  const registers = Object.entries(asRecord(firstFrame.registers))
  if (registers.length === 0) return null
  return (
    <section class="facts" aria-labelledby="registers">
      <h2 id="registers">
        Registers <span class="chip protected">protected</span>
      </h2>
      <dl class="registers">
        {registers.slice(0, 100).map(([name, value]) => (
          <div>
            <dt>{shownText(name)}</dt>
            <dd>{asText(value) ?? ''}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
