import type { Clock } from '../clock.ts'
import type { CrashId } from '../crash-id.ts'
import { R2_DEADLINE_MS } from '../limits.ts'
import { errorText } from '../log.ts'
import type { Bucket } from '../ports.ts'
import type { RawCrash } from '../raw-crash.ts'
import { claimDigest, type ResendDigest, renewClaim } from './digest-claim.ts'
import { addComments } from './raw-crash-comments.ts'
import { ReportPuts, type StorableBytes } from './raw-crash-put.ts'

/** A crash report ready to be stored. */
export interface Report {
  readonly rawCrash: RawCrash
  readonly dumps: ReadonlyMap<string, StorableBytes>
  /**
   * `ours`: a new id, nothing can lie under its keys. `chosen`: a re-submitter's; what lies there already stays, because the same
   * id is the same crash.
   */
  readonly crashIdFrom: 'ours' | 'chosen'
  /** What its resends have too; null where nothing tells them. A chosen id is not claimed: it says itself what is the same. */
  readonly digest: ResendDigest | null
}

/**
 * How a save ended. `saved`: there is a new raw crash under `crashId`, which is the first report's where this one completed it. `resend`: the report was
 * there already. After `failed` nothing is readable: the raw crash is the commit mark. `removeLeftovers` deletes what nobody refers to; it may throw.
 */
export type SaveOutcome = { readonly tries: number; readonly removeLeftovers: () => Promise<void> } & (
  | { readonly kind: 'saved'; readonly crashId: CrashId }
  | { readonly kind: 'resend'; readonly crashId: CrashId; readonly commentsAdded: boolean }
  | { readonly kind: 'failed'; readonly reason: string }
)

/** Waits between tries: five tries as the peer's, quick first, because most storage trouble is one bad connection. */
const RETRY_WAITS_MS = [200, 500, 1_000, 2_000]

const COMMENTS_NOTE = 'Comments added by a resend'

/**
 * Stores a report: the claim of its digest and all dumps at once, then the raw crash, whose existence says that its dumps exist. Two round trips
 * in sequence, and two for the resend of a report that is there. A resend that has something to add (comments, or the raw crash that the first report
 * did not get to write) takes one or two more, because an answer promises what is stored. What failed is tried again within `budgetMs`; then
 * the outcome is `failed`, never a throw.
 */
export async function saveReport(bucket: Bucket, report: Report, clock: Clock, budgetMs: number): Promise<SaveOutcome> {
  const endMs = clock() + budgetMs
  const deps: SaveDeps = {
    bucket,
    clock,
    endMs,
    deadlineMs: () => Math.min(R2_DEADLINE_MS, budgetMs / 2, Math.max(1, endMs - clock())),
  }
  const { rawCrash, digest, crashIdFrom } = report
  if (digest === null || crashIdFrom === 'chosen') {
    const puts = new ReportPuts(
      bucket,
      { ...report, keeps: crashIdFrom === 'chosen' ? 'all' : 'none' },
      deps.deadlineMs,
    )
    const saving = await retried(deps, async () => {
      await puts.putMissingDumps()
      await puts.putRawCrash()
    })
    return saving.kind === 'failed'
      ? { ...saving, removeLeftovers: () => puts.removeOrphans() }
      : { kind: 'saved', crashId: rawCrash.uuid, tries: saving.tries, removeLeftovers: nothingLeft }
  }
  return await saveClaimed(report, digest, deps)
}

interface SaveDeps {
  readonly bucket: Bucket
  readonly clock: Clock
  readonly endMs: number
  readonly deadlineMs: () => number
}

/** The save of a report that may be a resend, or get one while it is being saved. */
async function saveClaimed(report: Report, digest: ResendDigest, deps: SaveDeps): Promise<SaveOutcome> {
  const { bucket, clock, deadlineMs } = deps
  const { uuid } = report.rawCrash
  const puts = new ReportPuts(bucket, { ...report, keeps: 'raw_crash' }, deadlineMs)
  const firstPut = puts.putMissingDumps()
  // Looked at where the dumps are waited for: a resend does not need its own.
  firstPut.catch(() => undefined)
  const claim = await claimDigest(bucket, digest, uuid, clock)

  if (claim.kind === 'lost') {
    const { firstId } = claim
    const removeLeftovers = () => puts.removeDumps()
    const joining = await retried(deps, () => joinFirst(report, firstId, deps))
    // Nothing of a report may be held after its answer.
    await firstPut.catch(() => undefined)
    if (joining.kind === 'failed') return { ...joining, removeLeftovers }
    // A first report that nobody can read is of no use: this one then stands for itself.
    if (joining.value !== 'unreadable') {
      return { ...joined(joining.value, firstId), tries: joining.tries, removeLeftovers }
    }
  }

  const saving = await retried(deps, async (tries) => {
    await (tries === 1 ? firstPut : puts.putMissingDumps())
    const renewing = claim.kind === 'expired' ? renewClaim(bucket, digest, uuid, claim.etag, clock) : Promise.resolve()
    const [written] = await Promise.all([puts.putRawCrash(), renewing.catch(() => undefined)])
    if (written === 'written' || (await puts.isStored())) return 'completed'
    // A resend was quicker and wrote this report's raw crash.
    return await joinFirst(report, uuid, deps)
  })
  // The dumps of a failed save stay: a resend may be about to complete it, and if none comes, retention removes them.
  if (saving.kind === 'failed') return { ...saving, removeLeftovers: nothingLeft }
  return { ...joined(saving.value, uuid), tries: saving.tries, removeLeftovers: nothingLeft }
}

/** What a resend did to the first report. */
type Joining = 'completed' | 'comments_added' | 'unchanged' | 'unreadable'

/** Adds what a report brings to the raw crash of `firstId`, or writes it where it is missing. Throws what should be tried again. */
async function joinFirst(report: Report, firstId: CrashId, { bucket, deadlineMs }: SaveDeps): Promise<Joining> {
  const { Comments } = report.rawCrash.annotations
  const comments = typeof Comments === 'string' && Comments.trim() !== '' ? Comments : null
  const adding = await addComments(bucket, firstId, comments, COMMENTS_NOTE, deadlineMs)
  switch (adding) {
    case 'added':
      return 'comments_added'
    case 'unchanged':
    case 'unreadable':
      return adding
    case 'changed':
      throw new Error('the raw crash changed meanwhile')
    case 'missing': {
      const rawCrash = { ...report.rawCrash, uuid: firstId }
      const puts = new ReportPuts(bucket, { ...report, rawCrash, keeps: 'raw_crash' }, deadlineMs)
      await puts.putMissingDumps()
      if ((await puts.putRawCrash()) === 'written' || (await puts.isStored())) return 'completed'
      throw new Error('the raw crash was written meanwhile')
    }
  }
}

function joined(
  joining: Joining,
  crashId: CrashId,
): { kind: 'saved'; crashId: CrashId } | { kind: 'resend'; crashId: CrashId; commentsAdded: boolean } {
  return joining === 'completed'
    ? { kind: 'saved', crashId }
    : { kind: 'resend', crashId, commentsAdded: joining === 'comments_added' }
}

type Retried<T> =
  | { readonly kind: 'done'; readonly value: T; readonly tries: number }
  | { readonly kind: 'failed'; readonly tries: number; readonly reason: string }

/** Tries a step again until it answers, the waits are used up or the time is. */
async function retried<T>(
  { clock, endMs }: Pick<SaveDeps, 'clock' | 'endMs'>,
  step: (tries: number) => Promise<T>,
): Promise<Retried<T>> {
  for (let tries = 1; ; tries++) {
    try {
      return { kind: 'done', value: await step(tries), tries }
    } catch (thrown) {
      const waitMs = RETRY_WAITS_MS[tries - 1]
      if (waitMs === undefined || clock() + waitMs >= endMs) return { kind: 'failed', tries, reason: errorText(thrown) }
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
}

async function nothingLeft(): Promise<void> {}
