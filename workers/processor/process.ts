import type { Clock } from '#shared/clock.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { withDeadline } from '#shared/deadline.ts'
import { RPC_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { RulesetName } from '#shared/messages.ts'
import type { StackwalkerRpc } from '#shared/minidump/stackwalk.ts'
import type { Bucket } from '#shared/ports.ts'
import { searchDocument } from '#shared/search/document.ts'
import type { SearchDocument, SearchRpc } from '#shared/search/search-rpc.ts'
import type { SignatureLists } from '#shared/signature/lists.ts'
import { type Provenance, readProcessedCrash, writeProcessedCrash } from '#shared/store/processed-crash-store.ts'
import { readDumpNames, readRawCrash } from '#shared/store/raw-crash-store.ts'
import { applyRuleset } from './apply-ruleset.ts'
import type { Rule } from './rules/rule.ts'
import { PROCESSOR_VERSION } from './rules/rulesets.ts'
import { type Stackwalks, stackwalk } from './stackwalk.ts'

/** Trouble of the platform: the same crash may well be processed later. */
export type RetryReason = 'storage_unavailable' | 'stackwalker_busy' | 'stackwalker_unavailable' | 'index_unavailable'
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
}

export interface ProcessDeps {
  readonly crashes: Bucket
  readonly stackwalker: Pick<StackwalkerRpc, 'walk'>
  readonly search: Pick<SearchRpc, 'index'>
  readonly lists: SignatureLists
  readonly rulesets: Readonly<Record<RulesetName, readonly Rule[]>>
  readonly clock: Clock
  readonly log: Log
}

/**
 * Processes one crash: raw crash and dumps → stackwalk → rules and signature → processed crash in R2 → search index. It may be called any number of
 * times, also at once, for one crash: there is one processed crash and one search row, and the later started work wins. Never throws.
 */
export async function processCrash(request: ProcessRequest, deps: ProcessDeps): Promise<ProcessOutcome> {
  const { crashId, ruleset } = request
  const startedAtMs = deps.clock()
  try {
    const raw = await readRawCrash(deps.crashes, crashId)
    if (raw.kind === 'missing') return { kind: 'gone' }
    if (raw.kind === 'unreadable') return { kind: 'failed', reason: 'raw_crash_unreadable' }
    const { rawCrash, etag: rawEtag } = raw
    const signatureListsHash = deps.lists.hash
    const provenance = { startedAtMs, rawEtag, processorVersion: PROCESSOR_VERSION, signatureListsHash }

    const earlier = await readProcessedCrash(deps.crashes, crashId)
    if (earlier.kind === 'found' && earlier.provenance !== null && answers(earlier.provenance, provenance, request)) {
      return await index(searchDocument(JSON.parse(earlier.json), earlier.provenance.startedAtMs), deps)
    }

    const dumpNames = await readDumpNames(deps.crashes, rawCrash)
    const reuseWalks = ruleset === 'regenerate_signature' && earlier.kind === 'found'
    const walked: Stackwalks = reuseWalks ? { kind: 'done', walks: [] } : await stackwalk(rawCrash, dumpNames, deps)
    if (walked.kind !== 'done') return walked

    const processedCrash = applyRuleset({
      // Without a processed crash there is no signature to make anew: the crash is processed in full.
      ruleset: reuseWalks ? ruleset : 'default',
      rules: deps.rulesets[reuseWalks ? ruleset : 'default'],
      rawCrash,
      dumpNames,
      walks: walked.walks,
      lists: deps.lists,
      earlierJson: earlier.kind === 'found' ? earlier.json : null,
      startedAtMs,
      clock: deps.clock,
    })

    // A new signature alone does not bring the rest of an older processor's work up to date.
    const keptVersion = reuseWalks ? { processorVersion: earlier.provenance?.processorVersion ?? '' } : {}
    const json = JSON.stringify(processedCrash)
    const written = await writeProcessedCrash(deps.crashes, crashId, json, { ...provenance, ...keptVersion })
    if (written === 'superseded') return { kind: 'processed' }
    return await index(searchDocument(processedCrash, startedAtMs), deps)
  } catch (thrown) {
    deps.log('processor', 'storage_unavailable', { crash_id: crashId, error: errorText(thrown) })
    return { kind: 'retry', reason: 'storage_unavailable' }
  }
}

/** Whether a stored processed crash is what this request would make: a second delivery, or a retry after the index failed. */
function answers(stored: Provenance, wanted: Provenance, { notBeforeMs }: ProcessRequest): boolean {
  return (
    stored.startedAtMs >= notBeforeMs &&
    stored.rawEtag === wanted.rawEtag &&
    stored.processorVersion === wanted.processorVersion &&
    stored.signatureListsHash === wanted.signatureListsHash
  )
}

async function index(document: SearchDocument, { search, log }: ProcessDeps): Promise<ProcessOutcome> {
  try {
    await withDeadline('search index', RPC_DEADLINE_MS, search.index([document]))
    return { kind: 'processed' }
  } catch (thrown) {
    log('processor', 'index_unavailable', { crash_id: document.crash_id, error: errorText(thrown) })
    return { kind: 'retry', reason: 'index_unavailable' }
  }
}
