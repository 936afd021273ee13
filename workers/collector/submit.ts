import type { Clock, RandomBytes } from '#shared/clock.ts'
import { type CrashId, createCrashId, fakeCrashId, parseCrashId } from '#shared/crash-id.ts'
import { withDeadline } from '#shared/deadline.ts'
import { QUEUE_SEND_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { CrashMessage } from '#shared/messages.ts'
import type { Bucket, Sender } from '#shared/ports.ts'
import { type ByDumpName, type JsonValue, type RawCrash, submittedTimestamp } from '#shared/raw-crash.ts'
import { saveReport } from '#shared/store/raw-crash-save.ts'
import type { Ruleset } from '#shared/throttle/ruleset.ts'
import { type Draw, type RuleCounts, sampleWeight, throttle } from '#shared/throttle/throttle.ts'
import type { Answer } from './answer.ts'
import type { BytesInFlight } from './bytes-in-flight.ts'
import { type PayloadReading, readPayload } from './payload.ts'
import type { Payload } from './payload-parts.ts'
import { isSubmitter } from './submitter.ts'

/** What a submission needs of the world. */
export interface SubmitDeps {
  readonly bucket: Bucket
  readonly queue: Pick<Sender<CrashMessage>, 'send'>
  /** The throttle rules in force. Asked while the body comes in. */
  readonly ruleset: () => Promise<Ruleset>
  /** The draw of rules that keep a share. */
  readonly draw: Draw
  readonly ruleCounts: RuleCounts
  /** The bearer that may choose the crash id; empty: nobody. */
  readonly submitterToken: string
  readonly bytesInFlight: BytesInFlight
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  readonly log: Log
  /** Goes on with work after the answer. */
  readonly defer: (work: Promise<unknown>) => void
  readonly bodyDeadlineMs: number
  readonly saveBudgetMs: number
}

/**
 * One crash report: read, throttle, name, save, answer, publish. After an `accepted` nothing is lost: the raw crash is in R2, and
 * reconcile finds what the queue did not get. Nothing is held after the answer, and no input throws.
 */
export async function submit(request: Request, deps: SubmitDeps): Promise<Answer> {
  const hold = deps.bytesInFlight.hold()
  try {
    const [reading, ruleset] = await Promise.all([readPayload(request, hold, deps.bodyDeadlineMs), deps.ruleset()])
    return reading.kind === 'payload' ? await accept(request.headers, reading, ruleset, deps) : reading
  } finally {
    hold.release()
  }
}

async function accept(
  headers: Headers,
  { payload, compressed, wireBytes }: Extract<PayloadReading, { kind: 'payload' }>,
  ruleset: Ruleset,
  deps: SubmitDeps,
): Promise<Answer> {
  const decision = throttle(payload.annotations, ruleset, deps.clock, deps.draw)
  // An unauthorized id is answered before a rule's reject, as the peer does.
  const identity = await identify(payload.annotations.uuid, headers, deps)
  if (identity.kind !== 'crash_id') return identity
  const { rule, matched } = decision
  for (const met of matched) deps.ruleCounts.count(met.result, met.rule)
  const { crashId, crashIdFrom } = identity
  if (decision.kind === 'reject') return { kind: 'rejected', rule }
  if (decision.kind === 'fake_accept') {
    return { kind: 'fake_accepted', crashId: crashIdFrom === 'ours' ? fakeCrashId(crashId) : crashId, rule }
  }

  const weight = sampleWeight(decision.sampleWeight)
  const rawCrash: RawCrash = {
    annotations: payload.annotations,
    uuid: crashId,
    submitted_timestamp: submittedTimestamp(deps.clock()),
    metadata: {
      collector_notes: payload.notes,
      dump_checksums: checksums(payload),
      payload: payload.form,
      payload_compressed: compressed ? '1' : '0',
      payload_size: wireBytes,
      throttle_rule: rule,
      ...(weight !== undefined && { sample_weight: weight }),
      user_agent: headers.get('User-Agent') ?? 'None',
    },
  }
  const dumps = new Map([...payload.dumps].map(([dumpName, dump]) => [dumpName, dump.bytes]))
  const save = await saveReport(deps.bucket, { rawCrash, dumps, crashIdFrom }, deps.clock, deps.saveBudgetMs)
  if (save.kind === 'failed') {
    deps.log('collector', 'save_failed', { crash_id: crashId, tries: save.tries, reason: save.reason })
    deps.defer(
      save
        .removeOrphans()
        .catch((thrown) => deps.log('collector', 'orphans_kept', { crash_id: crashId, reason: errorText(thrown) })),
    )
    return { kind: 'unavailable', reason: 'save_failed' }
  }
  deps.defer(publish(crashId, deps))
  return { kind: 'accepted', crashId, rule }
}

type Identity =
  | { readonly kind: 'crash_id'; readonly crashId: CrashId; readonly crashIdFrom: 'ours' | 'chosen' }
  | { readonly kind: 'unauthorized_uuid' }
  | { readonly kind: 'malformed'; readonly reason: 'invalid_uuid' }

/** A new crash id, or the one that a re-submitter chose (specs/collector.md 1.4). */
async function identify(uuid: JsonValue | undefined, headers: Headers, deps: SubmitDeps): Promise<Identity> {
  if (uuid === undefined) {
    return { kind: 'crash_id', crashId: createCrashId(deps.clock, deps.randomBytes), crashIdFrom: 'ours' }
  }
  if (!(await isSubmitter(headers, deps.submitterToken))) return { kind: 'unauthorized_uuid' }
  const crashId = typeof uuid === 'string' ? parseCrashId(uuid) : null
  if (crashId === null || !hasSubmittableDigit(crashId)) return { kind: 'malformed', reason: 'invalid_uuid' }
  return { kind: 'crash_id', crashId, crashIdFrom: 'chosen' }
}

/** A stored crash was accepted or deferred: throttle digit 0 or 1 (specs/collector.md 1.7). */
function hasSubmittableDigit(crashId: CrashId): boolean {
  return ['0', '1'].includes(crashId.charAt(crashId.length - 7))
}

function checksums(payload: Payload): ByDumpName {
  const byName: Record<string, string> = Object.create(null)
  for (const dumpName of [...payload.dumps.keys()].sort()) byName[dumpName] = payload.dumps.get(dumpName)?.sha256 ?? ''
  return byName
}

/** Tells the processor. A failure is logged only: the client has its id, and reconcile queues the crash later. */
async function publish(crashId: CrashId, { queue, clock, log }: SubmitDeps): Promise<void> {
  const message: CrashMessage = { v: 1, crash_id: crashId, tries: 0, first_seen: clock() }
  try {
    await withDeadline('queue send', QUEUE_SEND_DEADLINE_MS, queue.send(message))
  } catch (thrown) {
    log('collector', 'publish_failed', { crash_id: crashId, reason: errorText(thrown) })
  }
}
