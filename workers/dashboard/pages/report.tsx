import { type AnnotationRegistry, BUILT_IN_REGISTRY } from '#shared/annotations/registry.ts'
import { may, type Viewer } from '#shared/auth/permissions.ts'
import { type CrashId, parseCrashId, parseShownCrashId } from '#shared/crash-id.ts'
import { MAX_SHOWN_OTHER_FRAMES, PENDING_REFRESH_SECONDS } from '#shared/limits.ts'
import { EarlierSignatures } from '../components/earlier-signatures.tsx'
import { FactList } from '../components/fact-list.tsx'
import { FrameTable, TrustLegend } from '../components/frame-table.tsx'
import { document, Layout } from '../components/layout.tsx'
import { ModuleTable } from '../components/module-table.tsx'
import { Annotations, RawData } from '../components/raw-crash.tsx'
import { ReprocessButton } from '../components/reprocess-button.tsx'
import { type ReportCrash, readReportCrash } from '../crash-reading.ts'
import type { Answer } from '../deps.ts'
import { annotationsOf } from '../views/annotations.ts'
import { timeMs } from '../views/duration.ts'
import { earlierSignatures } from '../views/earlier-signatures.ts'
import { crashBadges, crashFacts } from '../views/facts.ts'
import { crashingThread, otherThreads, type Thread } from '../views/frames.ts'
import { asList, asRecord, asText, grouped, shownText } from '../views/json-value.ts'
import { modulesOf, unloadedModulesOf } from '../views/modules.ts'
import { type ReprocessWait, reprocessWait } from '../views/reprocess-wait.ts'
import { errorPage } from './error.tsx'
import { Failed, Pending, TooLarge } from './unshown-report.tsx'

type Json = Readonly<Record<string, unknown>>

interface ReportFrame {
  readonly crashId: CrashId
  readonly viewer: Viewer
  readonly wait: ReprocessWait
  readonly rawCrash: Json
  /** What is known of its annotations. */
  readonly registry: AnnotationRegistry
}

/** `/report/index/<crash id>`: one crash, for the engineer who reads it. Stage 3 of a crash's journey. */
export const reportPage: Answer = async (context, deps) => {
  const asked = context.req.param('crash_id') ?? ''
  const crashId = parseShownCrashId(asked)
  if (crashId === null) {
    return errorPage(context, 400, 'That is no crash id', [
      'A crash id looks like 0bba929f-8721-460c-8e70-a43c95261123, with or without bp- in front.',
    ])
  }
  // One address a crash: without bp-, in lower case.
  if (parseCrashId(asked) === null) return context.redirect(`/report/index/${crashId}`, 302)

  const { viewer } = context.var
  const report = await readReportCrash(crashId, viewer, deps)
  const registry = (await deps.annotations.current()) ?? BUILT_IN_REGISTRY
  const wait = waitOf(report, may(viewer, 'reprocess_crashes') ? context.req.query('queued') : undefined, deps.clock())
  // A header, not a meta element: it refreshes the same and leaves the document free of timers (WCAG 2.2.1).
  if (report.kind === 'pending' || (wait.kind === 'queued' && wait.asksAgain)) {
    context.header('Refresh', String(PENDING_REFRESH_SECONDS))
  }
  switch (report.kind) {
    case 'processed':
      return context.html(
        document(<Report crashId={crashId} viewer={viewer} wait={wait} registry={registry} {...report} />),
      )
    case 'too_large':
      return context.html(
        document(
          <TooLarge crashId={crashId} viewer={viewer} wait={wait} registry={registry} rawCrash={report.rawCrash} />,
        ),
      )
    case 'failed':
      return context.html(
        document(<Failed crashId={crashId} viewer={viewer} wait={wait} registry={registry} {...report} />),
      )
    case 'pending':
      await deps.priority.ask(crashId)
      return context.html(document(<Pending crashId={crashId} viewer={viewer} />))
    case 'unknown':
      return errorPage(context, 404, 'No crash with this id', [
        `Nothing is stored under ${crashId}.`,
        'It may be mistyped, discarded when it was received, or older than reports are kept.',
      ])
  }
}

/** A result is known by when it was started; of a crash that is too large for its page, nothing is. */
function waitOf(report: ReportCrash, queued: string | undefined, nowMs: number): ReprocessWait {
  switch (report.kind) {
    case 'processed':
      return reprocessWait(queued, timeMs(report.crash.started_datetime), nowMs)
    case 'failed':
      return reprocessWait(queued, report.failedAtMs, nowMs)
    case 'too_large':
    case 'pending':
    case 'unknown':
      return reprocessWait(queued, null, nowMs)
  }
}

function Report({ crashId, viewer, wait, crash, rawCrash, registry }: ReportFrame & { readonly crash: Json }) {
  const signature = asText(crash.signature) ?? '(no signature)'
  const facts = crashFacts(crash)
  const thread = crashingThread(crash)
  const others = otherThreads(crash, MAX_SHOWN_OTHER_FRAMES)
  const modules = modulesOf(crash)
  const unloaded = unloadedModulesOf(crash)
  const parts = [
    { anchor: 'crashing-thread', name: 'Crashing thread', there: true },
    { anchor: 'other-threads', name: 'Other threads', there: others.threads.length > 0 },
    { anchor: 'annotations', name: 'Crash annotations', there: annotationsOf(rawCrash, registry).rows.length > 0 },
    { anchor: 'modules', name: 'Modules', there: modules.rows.length > 0 },
    { anchor: 'raw-data', name: 'Raw data', there: true },
  ].filter(({ there }) => there)
  return (
    <Layout title={signature} viewer={viewer} here={`/report/index/${crashId}`} sought={crashId}>
      <ReportHeader crashId={crashId} viewer={viewer} wait={wait} signature={signature} crash={crash} parts={parts} />
      <div class="fact-grid">
        <FactList heading="Crash" facts={facts.crash} />
        <FactList heading="Build" facts={facts.build} />
        <FactList heading="System" facts={facts.system} />
        <FactList heading="Times" facts={facts.times} />
      </div>
      <section aria-labelledby="crashing-thread">
        <div class="section-heading">
          <h2 id="crashing-thread">
            {thread === null ? 'Crashing thread' : `Crashing thread (${threadTitle(thread)})`}
          </h2>
          {thread === null ? null : <TrustLegend />}
        </div>
        {thread === null ? (
          <NoStack crash={crash} />
        ) : (
          <FrameTable thread={thread} caption="Frames of the crashing thread" />
        )}
      </section>
      <Registers crash={crash} />
      <OtherThreads threads={others.threads} notShown={others.notShown} />
      <Annotations rawCrash={rawCrash} registry={registry} />
      {modules.rows.length === 0 ? null : (
        <section aria-labelledby="modules">
          <h2 id="modules">{`Modules (${grouped(modules.rows.length + modules.notShown)})`}</h2>
          <ModuleTable modules={modules} caption="Modules of the process" />
        </section>
      )}
      {unloaded.rows.length === 0 ? null : (
        <section aria-labelledby="unloaded-modules">
          <h2 id="unloaded-modules">{`Unloaded modules (${grouped(unloaded.rows.length + unloaded.notShown)})`}</h2>
          <ModuleTable modules={unloaded} caption="Modules that were unloaded before the crash" />
        </section>
      )}
      <ProcessorNotes crash={crash} />
      <RawData crashId={crashId} viewer={viewer} rawCrash={rawCrash} processed />
    </Layout>
  )
}

function ReportHeader({
  crashId,
  viewer,
  wait,
  signature,
  crash,
  parts,
}: Omit<ReportFrame, 'rawCrash' | 'registry'> & {
  readonly signature: string
  readonly crash: Json
  readonly parts: readonly { readonly anchor: string; readonly name: string }[]
}) {
  const badges = crashBadges(crash)
  const product = [asText(crash.product), asText(crash.version)].filter((part) => part !== null).join(' ')
  return (
    <div class="report-header">
      <p class="eyebrow">
        {product === '' ? 'Crash report' : product}
        <span class="crash-id">
          <code>{crashId}</code>
        </span>
      </p>
      <h1 class="signature">
        <a
          href={`/search/?${new URLSearchParams({ signature: `=${String(crash.signature ?? '')}` })}`}
          title="All crashes with this signature"
        >
          {signature}
        </a>
      </h1>
      <EarlierSignatures signatures={earlierSignatures(crash)} />
      <p class="badges">
        {badges.map((badge) => (
          <span class={`badge ${badge.tone}`} title={badge.means}>
            {badge.text}
          </span>
        ))}
        <DataBanner viewer={viewer} />
      </p>
      <ReprocessButton crashId={crashId} viewer={viewer} wait={wait} hasSignature />
      <nav class="jump" aria-label="Parts of this report">
        {parts.map(({ anchor, name }) => (
          <a href={`#${anchor}`}>{name}</a>
        ))}
      </nav>
    </div>
  )
}

function DataBanner({ viewer }: { readonly viewer: Viewer }) {
  return may(viewer, 'view_pii') ? (
    <span class="badge protected">Viewing public and protected data</span>
  ) : (
    <span class="badge quiet">Viewing public data only</span>
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

function NoStack({ crash }: { readonly crash: Json }) {
  const java = asText(crash.java_stack_trace)
  if (java !== null) return <pre class="java-stack">{java}</pre>
  const status = asText(crash.mdsw_status_string)
  return (
    <p class="empty">
      {'There is no stack for this crash'}
      {status === null || status === 'OK' ? '.' : `: the stackwalker says ${status}.`}
    </p>
  )
}

function OtherThreads({ threads, notShown }: { readonly threads: readonly Thread[]; readonly notShown: number }) {
  if (threads.length === 0) return null
  return (
    <section aria-labelledby="other-threads">
      <h2 id="other-threads">{`Other threads (${grouped(threads.length + notShown)})`}</h2>
      <div class="threads">
        {threads.map((thread) => (
          <details id={`t${thread.index}`}>
            <summary>
              <span class="thread-index">{`Thread ${thread.index}`}</span>
              <span class="thread-name">{thread.name ?? ''}</span>
              <span class="thread-top">{topFunction(thread)}</span>
              <span class="thread-count">{`${grouped(thread.frameCount)} frames`}</span>
            </summary>
            <FrameTable thread={thread} caption={`Frames of thread ${thread.index}`} />
          </details>
        ))}
      </div>
      {notShown === 0 ? null : <p>{`${grouped(notShown)} more threads are in the raw JSON.`}</p>}
    </section>
  )
}

function topFunction(thread: Thread): string {
  const top = thread.rows[0]
  return top === undefined || top.kind === 'truncated' ? '' : top.function
}

/** Registers are protected data: they are only there for viewers with view_pii. */
function Registers({ crash }: { readonly crash: Json }) {
  const firstFrame = asRecord(asList(asRecord(asRecord(crash.json_dump).crashing_thread).frames)[0])
  const registers = Object.entries(asRecord(firstFrame.registers))
  if (registers.length === 0) return null
  return (
    <section aria-labelledby="registers">
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

function ProcessorNotes({ crash }: { readonly crash: Json }) {
  const notes = (asText(crash.processor_notes) ?? '').split('\n').filter((note) => note.trim() !== '')
  if (notes.length === 0) return null
  return (
    <section aria-labelledby="processor-notes">
      <h2 id="processor-notes">Processor notes</h2>
      <ul class="notes">
        {notes.map((note) => (
          <li>{note}</li>
        ))}
      </ul>
    </section>
  )
}
