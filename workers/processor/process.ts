import type { AnnotationRegistry } from '#shared/annotations/registry.ts'
import type { Clock } from '#shared/clock.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { withDeadline } from '#shared/deadline.ts'
import { RPC_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { RulesetName } from '#shared/messages.ts'
import type { StackwalkerRpc } from '#shared/minidump/stackwalk.ts'
import type { TextScrub } from '#shared/permission-schema.ts'
import type { Bucket } from '#shared/ports.ts'
import type { Products } from '#shared/products/products.ts'
import type { RawCrash } from '#shared/raw-crash.ts'
import { searchDocument } from '#shared/search/document.ts'
import type { SearchDocument, SearchRpc } from '#shared/search/search-rpc.ts'
import type { SignatureLists } from '#shared/signature/lists.ts'
import { deleteFailedCrash } from '#shared/store/crash-states.ts'
import { type Provenance, readProcessedCrash, writeProcessedCrash } from '#shared/store/processed-crash-store.ts'
import { readDumpNames, readRawCrash } from '#shared/store/raw-crash-store.ts'
import { applyRuleset } from './apply-ruleset.ts'
import { CrashMemory, type LargeCrashTurn, LargeCrashWaits } from './crash-memory.ts'
import { type MemoryReport, readMemoryReport } from './memory-report.ts'
import type { Rule } from './rules/rule.ts'
import { PROCESSOR_VERSION } from './rules/rulesets.ts'
import { type StackwalkRetryReason, type Stackwalks, stackwalk } from './stackwalk.ts'

/** Trouble of the platform: the same crash may well be processed later. */
export type RetryReason = StackwalkRetryReason | 'storage_unavailable' | 'index_unavailable' | 'large_crash_waits'
/** Failures of the crash itself. */
export type FailureReason = 'raw_crash_unreadable' | 'stackwalk_unreadable'

/** How a try ended. `gone`: there is no raw crash (any more). */
export type ProcessOutcome =
  | { readonly kind: 'processed' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'retry'; readonly reason: RetryReason; readonly detail?: string }
  | { readonly kind: 'failed'; readonly reason: FailureReason }

export interface ProcessRequest {
  readonly crashId: CrashId
  readonly ruleset: RulesetName
  /** A processed crash that was started earlier (epoch milliseconds) does not answer the request: a reprocessing wants a new stackwalk. */
  readonly notBeforeMs: number
  /** The symbols that are there must do: the crash has waited long enough for those that the symbol server could not give. */
  readonly acceptsMissingSymbols: boolean
}

export interface ProcessDeps {
  readonly crashes: Bucket
  readonly stackwalker: Pick<StackwalkerRpc, 'walk'>
  readonly search: Pick<SearchRpc, 'index'>
  readonly lists: SignatureLists
  readonly products: Products
  readonly registry: AnnotationRegistry
  /** What is done with free text before it is public; null: nothing. */
  readonly scrub: TextScrub | null
  readonly largeCrashes: LargeCrashTurn
  /** Hears the signature of a crash, and does not wait. */
  readonly signed: (rawCrash: RawCrash, signature: unknown) => void
  readonly rulesets: Readonly<Record<RulesetName, readonly Rule[]>>
  readonly clock: Clock
  readonly log: Log
}

/**
 * Processes one crash: raw crash and dumps → stackwalk → rules and signature → processed crash in R2 → search index. It may be called any number of
 * times, also at once, for one crash: there is one processed crash and one search row, and the later started work wins. Never throws.
 */
export async function processCrash(request: ProcessRequest, deps: ProcessDeps): Promise<ProcessOutcome> {
  const memory = new CrashMemory(deps.largeCrashes)
  try {
    return await processWithin(memory, request, deps)
  } catch (thrown) {
    if (thrown instanceof LargeCrashWaits) return { kind: 'retry', reason: 'large_crash_waits' }
    deps.log('processor', 'storage_unavailable', { crash_id: request.crashId, error: errorText(thrown) })
    return { kind: 'retry', reason: 'storage_unavailable' }
  } finally {
    memory.release()
  }
}

async function processWithin(memory: CrashMemory, request: ProcessRequest, deps: ProcessDeps): Promise<ProcessOutcome> {
  const { crashId, ruleset } = request
  const startedAtMs = deps.clock()
  const raw = await readRawCrash(deps.crashes, crashId)
  if (raw.kind === 'missing') return { kind: 'gone' }
  if (raw.kind === 'unreadable') return { kind: 'failed', reason: 'raw_crash_unreadable' }
  const { rawCrash, etag: rawEtag } = raw
  const signatureListsHash = deps.lists.hash
  const provenance = { startedAtMs, rawEtag, processorVersion: PROCESSOR_VERSION, signatureListsHash }

  const earlier = await readProcessedCrash(deps.crashes, crashId, (bytes) => memory.waitIfLarge(bytes))
  if (earlier.kind === 'found' && earlier.provenance !== null && answers(earlier.provenance, provenance, request)) {
    return await finish(
      searchDocument(JSON.parse(earlier.json), earlier.provenance.startedAtMs, deps.registry.fields),
      deps,
    )
  }

  const dumpNames = await readDumpNames(deps.crashes, rawCrash)
  const reuseWalks = ruleset === 'regenerate_signature' && earlier.kind === 'found'
  const walked: Stackwalks = reuseWalks
    ? { kind: 'done', walks: [] }
    : await stackwalk(rawCrash, dumpNames, { ...deps, ...request, memory })
  if (walked.kind !== 'done') return walked

  const memoryReport: MemoryReport = reuseWalks
    ? { kind: 'absent' }
    : await readMemoryReport(deps.crashes, rawCrash, dumpNames, memory)
  const processedCrash = applyRuleset({
    // Without a processed crash there is no signature to make anew: the crash is processed in full.
    ruleset: reuseWalks ? ruleset : 'default',
    rules: deps.rulesets[reuseWalks ? ruleset : 'default'],
    rawCrash,
    dumpNames,
    walks: walked.walks,
    memoryReport,
    lists: deps.lists,
    products: deps.products,
    registry: deps.registry,
    scrub: deps.scrub,
    earlierJson: earlier.kind === 'found' ? earlier.json : null,
    startedAtMs,
    clock: deps.clock,
  })

  // A new signature alone does not bring the rest of an older processor's work up to date.
  const keptVersion = reuseWalks ? { processorVersion: earlier.provenance?.processorVersion ?? '' } : {}
  const json = JSON.stringify(processedCrash)
  const written = await writeProcessedCrash(deps.crashes, crashId, json, { ...provenance, ...keptVersion })
  if (written === 'superseded') return { kind: 'processed' }
  deps.signed(rawCrash, processedCrash.signature)
  return await finish(searchDocument(processedCrash, startedAtMs, deps.registry.fields), deps)
}

/** Whether a stored processed crash is what this request would make: a second delivery, or a retry after the index failed. */
function answers(stored: Provenance, wanted: Provenance, { notBeforeMs, ruleset }: ProcessRequest): boolean {
  return (
    stored.startedAtMs >= notBeforeMs &&
    stored.rawEtag === wanted.rawEtag &&
    // A new signature on an older processor's work leaves that processor's version: to make it anew would not change it.
    (ruleset === 'regenerate_signature' || stored.processorVersion === wanted.processorVersion) &&
    stored.signatureListsHash === wanted.signatureListsHash
  )
}

/** What follows the processed crash, at every delivery: the mark of an earlier failure goes, and the crash is indexed. Throws when R2 does not answer. */
async function finish(document: SearchDocument, { crashes, search, log }: ProcessDeps): Promise<ProcessOutcome> {
  await deleteFailedCrash(crashes, document.crash_id)
  try {
    await withDeadline('search index', RPC_DEADLINE_MS, search.index([document]))
    return { kind: 'processed' }
  } catch (thrown) {
    log('processor', 'index_unavailable', { crash_id: document.crash_id, error: errorText(thrown) })
    return { kind: 'retry', reason: 'index_unavailable' }
  }
}
