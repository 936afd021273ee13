import { type AnnotationRegistry, BUILT_IN_REGISTRY } from '#shared/annotations/registry.ts'
import { ANONYMOUS, may, type Viewer } from '#shared/auth/permissions.ts'
import { type CrashId, parseCrashId, parseShownCrashId } from '#shared/crash-id.ts'
import { PENDING_REFRESH_SECONDS } from '#shared/limits.ts'
import type { SourceFinder } from '#shared/source-links/source-links.ts'
import { CrashTab } from '../components/crash-tab.tsx'
import { DebugTab } from '../components/debug-tab.tsx'
import { ExtensionTable } from '../components/extension-table.tsx'
import { document, Layout } from '../components/layout.tsx'
import { ModuleTable } from '../components/module-table.tsx'
import { Annotations, RawData } from '../components/raw-crash.tsx'
import { Reduced } from '../components/reduced.tsx'
import { ReportHeader, type TabLink } from '../components/report-header.tsx'
import { type ReportCrash, readReportCrash, readShownCrash } from '../crash-reading.ts'
import type { Answer } from '../deps.ts'
import { type ReportBug, reportBugs } from '../report-bugs.ts'
import { reportSources } from '../report-sources.ts'
import { readNeighbours } from '../result-set-reading.ts'
import { annotationsOf } from '../views/annotations.ts'
import { debugFacts } from '../views/debug-facts.ts'
import { timeMs } from '../views/duration.ts'
import { extensionsOf } from '../views/extensions.ts'
import { asText, grouped } from '../views/json-value.ts'
import { modulesOf, unloadedModulesOf } from '../views/modules.ts'
import { reportMarkdown } from '../views/report-markdown.ts'
import { type ReportState, reportState } from '../views/report-state.ts'
import { type ReprocessWait, reprocessWait } from '../views/reprocess-wait.ts'
import type { Neighbours } from '../views/result-set.ts'
import { errorPage } from './error.tsx'
import { Failed, Pending, TooLarge } from './unshown-report.tsx'

type Json = Readonly<Record<string, unknown>>

interface ReportFrame {
  readonly crashId: CrashId
  readonly viewer: Viewer
  readonly isReduced: boolean
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

  const { viewer: asking } = context.var
  const { searchParams } = new URL(context.req.url)
  const state = reportState(crashId, searchParams)
  const [{ report, viewer, isReduced }, neighbours, known] = await Promise.all([
    readShownCrash(crashId, asking, deps),
    readNeighbours(crashId, state.set, asking, context.req.raw.headers, deps),
    deps.annotations.current(),
  ])
  const registry = known ?? BUILT_IN_REGISTRY
  const wait = waitOf(report, may(viewer, 'reprocess_crashes') ? context.req.query('queued') : undefined, deps.clock())
  // A header, not a meta element: it refreshes the same and leaves the document free of timers (WCAG 2.2.1).
  if (report.kind === 'pending' || (wait.kind === 'queued' && wait.asksAgain)) {
    context.header('Refresh', String(PENDING_REFRESH_SECONDS))
  }
  switch (report.kind) {
    case 'processed': {
      const [findSource, bugs] = await Promise.all([
        reportSources(report.crash, report.rawCrash, deps),
        reportBugs(report.crash, deps),
      ])
      return context.html(
        document(
          <Report
            crashId={crashId}
            viewer={viewer}
            isReduced={isReduced}
            wait={wait}
            registry={registry}
            state={state}
            neighbours={neighbours}
            findSource={findSource}
            bugs={bugs}
            here={pathOf(context.req.url)}
            {...report}
          />,
        ),
      )
    }
    case 'too_large':
      return context.html(
        document(
          <TooLarge
            crashId={crashId}
            viewer={viewer}
            isReduced={isReduced}
            wait={wait}
            registry={registry}
            rawCrash={report.rawCrash}
          />,
        ),
      )
    case 'failed':
      return context.html(
        document(
          <Failed
            crashId={crashId}
            viewer={viewer}
            isReduced={isReduced}
            wait={wait}
            registry={registry}
            {...report}
          />,
        ),
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

/** The address without its host, and without the wait for a reprocessing that is long over when somebody comes back. */
function pathOf(url: string): string {
  const { pathname, searchParams } = new URL(url)
  searchParams.delete('queued')
  return searchParams.size === 0 ? pathname : `${pathname}?${searchParams}`
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

/** `/report/index/<crash id>/markdown`: the report for a bug or a chat; what "Copy as Markdown" copies. */
export const reportMarkdownText: Answer = async (context, deps) => {
  const crashId = parseCrashId(context.req.param('crash_id') ?? '')
  if (crashId === null) return context.text('That is no crash id.\n', 400)
  // It ends in bugs and chats: nothing protected is in it, whoever copies.
  const report = await readReportCrash(crashId, ANONYMOUS, deps)
  if (report.kind !== 'processed') {
    return context.text(`There is no processed crash ${crashId} to write down: ${report.kind}.\n`, 404)
  }
  const findSource = await reportSources(report.crash, report.rawCrash, deps)
  const address = new URL(`/report/index/${crashId}`, context.req.url).href
  context.header('Content-Type', 'text/markdown; charset=utf-8')
  return context.body(reportMarkdown(report.crash, address, { findSource }))
}

interface ShownReport extends ReportFrame {
  readonly crash: Json
  readonly state: ReportState
  readonly neighbours: Neighbours | 'gone' | null
  readonly findSource: SourceFinder
  readonly bugs: readonly ReportBug[]
  /** Where sign-in comes back to: this very view. */
  readonly here: string
}

function Report(report: ShownReport) {
  const { viewer, isReduced, wait, crash, rawCrash, registry, state, neighbours, bugs, here } = report
  const annotations = annotationsOf(rawCrash, registry)
  const modules = modulesOf(crash)
  const extensions = extensionsOf(crash, rawCrash)
  const tabs: readonly TabLink[] = [
    { tab: 'crash', name: 'Crash' },
    { tab: 'annotations', name: 'Annotations', count: annotations.rows.length + annotations.notShown },
    { tab: 'modules', name: 'Modules', count: modules.rows.length + modules.notShown },
    ...(extensions.length === 0 ? [] : [{ tab: 'extensions' as const, name: 'Extensions', count: extensions.length }]),
    { tab: 'raw', name: 'Raw data' },
    { tab: 'debug', name: 'Debug' },
  ]
  return (
    <Layout title={asText(crash.signature) ?? '(no signature)'} viewer={viewer} here={here} sought={state.crashId}>
      <Reduced isReduced={isReduced} />
      <ReportHeader
        state={state}
        viewer={viewer}
        wait={wait}
        crash={crash}
        tabs={tabs}
        neighbours={neighbours}
        bugs={bugs}
      />
      <Tab {...report} />
    </Layout>
  )
}

function Tab({ crashId, viewer, crash, rawCrash, registry, state, findSource }: ShownReport) {
  switch (state.tab) {
    case 'crash':
      return <CrashTab crash={crash} state={state} findSource={findSource} />
    case 'annotations':
      return annotationsOf(rawCrash, registry).rows.length === 0 ? (
        <Nothing what="No annotation of this crash may be shown to you, or none is kept." />
      ) : (
        <Annotations rawCrash={rawCrash} registry={registry} />
      )
    case 'modules':
      return <Modules crash={crash} />
    case 'extensions':
      return <Extensions crash={crash} rawCrash={rawCrash} />
    case 'raw':
      return <RawData crashId={crashId} viewer={viewer} rawCrash={rawCrash} crash={crash} />
    case 'debug':
      return <DebugTab debug={debugFacts(crash, rawCrash)} />
  }
}

function Modules({ crash }: { readonly crash: Json }) {
  const [modules, unloaded] = [modulesOf(crash), unloadedModulesOf(crash)]
  if (modules.rows.length + unloaded.rows.length === 0) return <Nothing what="This crash has no list of modules." />
  return (
    <>
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
    </>
  )
}

function Extensions({ crash, rawCrash }: { readonly crash: Json; readonly rawCrash: Json }) {
  const extensions = extensionsOf(crash, rawCrash)
  if (extensions.length === 0) return <Nothing what="This crash names no extensions." />
  return (
    <section aria-labelledby="extensions">
      <h2 id="extensions">{`Extensions (${grouped(extensions.length)})`}</h2>
      <ExtensionTable extensions={extensions} />
    </section>
  )
}

function Nothing({ what }: { readonly what: string }) {
  return <p class="empty">{what}</p>
}
