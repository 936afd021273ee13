import { type CrashId, fakeCrashId } from '#shared/crash-id.ts'
import { errorText } from '#shared/log.ts'
import type { Bucket } from '#shared/ports.ts'
import { endOfLifeVersion } from '#shared/products/end-of-life.ts'
import type { Products } from '#shared/products/products.ts'
import { type SaveOutcome, saveReport } from '#shared/store/raw-crash-save.ts'
import type { Ruleset } from '#shared/throttle/ruleset.ts'
import { type Draw, type RuleCounts, sampleWeight, throttle } from '#shared/throttle/throttle.ts'
import type { Answer, Said } from './answer.ts'
import type { BytesInFlight } from './bytes-in-flight.ts'
import { checkDuplicate, DUPLICATE, type DuplicateDeps } from './duplicate-check.ts'
import { type IdentityDeps, identify } from './identity.ts'
import { type PayloadDeps, type PayloadReading, readPayload } from './payload.ts'
import { type PublishDeps, publish } from './publish.ts'
import { reportOf } from './report.ts'
import { stripDumps } from './strip.ts'

/** What a submission needs of the world. */
export interface SubmitDeps extends IdentityDeps, PublishDeps, DuplicateDeps {
  readonly bucket: Bucket
  /** The throttle rules in force. Asked while the body comes in. */
  readonly ruleset: () => Promise<Ruleset>
  /** The products document; null while nobody knows it. Asked while the body comes in. */
  readonly products: () => Promise<Products | null>
  /** The draw of rules that keep a share. */
  readonly draw: Draw
  readonly ruleCounts: RuleCounts
  readonly bytesInFlight: BytesInFlight
  /** Goes on with work after the answer. */
  readonly defer: (work: Promise<unknown>) => void
  readonly bodyDeadlineMs: number
  readonly oversize: PayloadDeps['oversize']
  readonly saveBudgetMs: number
}

/**
 * One crash report: read, throttle, name, drop where enough like it are kept, save, answer, publish. After an `accepted` nothing is lost: the raw crash is in R2, and
 * reconcile finds what the queue did not get. Nothing is held after the answer, and no input throws.
 */
export async function submit(request: Request, deps: SubmitDeps): Promise<Answer> {
  const hold = deps.bytesInFlight.hold()
  try {
    const [reading, ruleset, products] = await Promise.all([
      readPayload(request, { ...deps, hold }),
      deps.ruleset(),
      deps.products(),
    ])
    return reading.kind === 'payload' ? await accept(request, reading, ruleset, products, deps) : reading
  } finally {
    hold.release()
  }
}

async function accept(
  request: Request,
  reading: Extract<PayloadReading, { kind: 'payload' }>,
  ruleset: Ruleset,
  products: Products | null,
  deps: SubmitDeps,
): Promise<Answer> {
  const { payload } = reading
  const decision = throttle(payload.annotations, ruleset, deps.clock, deps.draw)
  // An unauthorized id is answered before a rule's reject, as the peer does.
  const identity = await identify(payload.annotations.uuid, request.headers, deps)
  if (identity.kind !== 'crash_id') return identity
  const { rule, matched } = decision
  for (const met of matched) deps.ruleCounts.count(met.result, met.rule)
  const { crashId, crashIdFrom } = identity
  const endOfLife = products === null ? null : endOfLifeVersion(products, payload.annotations)
  const said: Said = { rule, answerForm: payload.answerForm, endOfLifeVersion: endOfLife }
  if (decision.kind === 'reject') return { kind: 'rejected', ...said }
  if (decision.kind === 'fake_accept') {
    return { kind: 'fake_accepted', crashId: crashIdFrom === 'ours' ? fakeCrashId(crashId) : crashId, ...said }
  }

  const { verdict, ...alike } = await checkDuplicate(payload, request, identity, ruleset.duplicates, deps)
  if (verdict.kind === 'drop') return { kind: 'rejected', ...said, rule: DUPLICATE }

  const weight = sampleWeight(decision.sampleWeight, verdict.weight)
  const stripping = stripDumps(payload, products)
  const report = reportOf(request.headers, reading, { identity, rule, weight, alike, stripping }, deps.clock())
  return answerOf(await saveReport(deps.bucket, report, deps.clock, deps.saveBudgetMs), crashId, said, deps)
}

/** What the client hears of a save; what it need not wait for is deferred. */
function answerOf(save: SaveOutcome, ownId: CrashId, said: Said, deps: SubmitDeps): Answer {
  deps.defer(
    save
      .removeLeftovers()
      .catch((thrown) => deps.log('collector', 'orphans_kept', { crash_id: ownId, reason: errorText(thrown) })),
  )
  switch (save.kind) {
    case 'failed':
      deps.log('collector', 'save_failed', { crash_id: ownId, tries: save.tries, reason: save.reason })
      return { kind: 'unavailable', reason: 'save_failed' }
    case 'saved':
      deps.defer(publish(save.crashId, deps))
      return { kind: 'accepted', crashId: save.crashId, ...said }
    case 'resend':
      // The processor sees by the raw crash's etag that there is something new.
      if (save.commentsAdded) deps.defer(publish(save.crashId, deps))
      return { kind: 'resend', crashId: save.crashId, ...said }
  }
}
