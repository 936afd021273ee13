import { z } from 'zod'
import type { CrashId } from '../crash-id.ts'
import { withDeadline } from '../deadline.ts'
import { R2_DEADLINE_MS } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import { processedCrashKey } from './crash-keys.ts'

/** What a processed crash was made from and by. Kept beside the object, so that a `head` tells whether it must be made again. */
export interface Provenance {
  /** When processing started, epoch milliseconds: of two processed crashes of one crash the later wins. */
  readonly startedAtMs: number
  /** Etag of the raw crash. */
  readonly rawEtag: string
  readonly processorVersion: string
  readonly signatureListsHash: string
}

/** A stored processed crash: its JSON text, as the rules left it. */
export type ProcessedCrashReading =
  | { readonly kind: 'found'; readonly json: string; readonly provenance: Provenance | null }
  | { readonly kind: 'missing' }

const provenanceSchema = z
  .object({
    started_at_ms: z.coerce.number().int(),
    raw_etag: z.string(),
    processor_version: z.string(),
    signature_lists_hash: z.string(),
  })
  .transform(
    (stored): Provenance => ({
      startedAtMs: stored.started_at_ms,
      rawEtag: stored.raw_etag,
      processorVersion: stored.processor_version,
      signatureListsHash: stored.signature_lists_hash,
    }),
  )

/**
 * Reads a processed crash. Migrated ones have no provenance. `admit` is told the size before the text is read, and may wait or throw: it can have 50 MB.
 * Throws when R2 does not answer.
 */
export async function readProcessedCrash(
  bucket: Bucket,
  crashId: CrashId,
  admit: (bytes: number) => Promise<void> = async () => {},
): Promise<ProcessedCrashReading> {
  const object = await withDeadline('R2 get processed crash', R2_DEADLINE_MS, bucket.get(processedCrashKey(crashId)))
  if (object === null) return { kind: 'missing' }
  try {
    await admit(object.size)
  } catch (refusal) {
    await object.body.cancel()
    throw refusal
  }
  const json = await withDeadline('R2 read processed crash', R2_DEADLINE_MS, object.text())
  return { kind: 'found', json, provenance: provenanceOf(object.customMetadata) }
}

/** Each lost round is another writer's won one, so a few are enough for all deliveries of one crash. */
const MAX_WRITE_ROUNDS = 10

/**
 * Stores a processed crash unless a later started one is there (`superseded`): a slow delivery that wakes up after a reprocessing must not
 * bring the old result back. The put is conditional on what was read, so that two writers cannot pass each other. Throws when R2 does not answer.
 */
export async function writeProcessedCrash(
  bucket: Bucket,
  crashId: CrashId,
  json: string,
  provenance: Provenance,
): Promise<'written' | 'superseded'> {
  const key = processedCrashKey(crashId)
  for (let round = 0; round < MAX_WRITE_ROUNDS; round++) {
    const stored = await withDeadline('R2 head processed crash', R2_DEADLINE_MS, bucket.head(key))
    const storedAtMs = stored === null ? null : (provenanceOf(stored.customMetadata)?.startedAtMs ?? null)
    if (storedAtMs !== null && storedAtMs > provenance.startedAtMs) return 'superseded'
    const put = bucket.put(key, json, {
      onlyIf: stored === null ? { etagDoesNotMatch: '*' } : { etagMatches: stored.etag },
      httpMetadata: { contentType: 'application/json' },
      customMetadata: {
        started_at_ms: String(provenance.startedAtMs),
        raw_etag: provenance.rawEtag,
        processor_version: provenance.processorVersion,
        signature_lists_hash: provenance.signatureListsHash,
      },
    })
    if ((await withDeadline('R2 put processed crash', R2_DEADLINE_MS, put)) !== null) return 'written'
  }
  throw new Error('the processed crash was rewritten by others in every round')
}

function provenanceOf(customMetadata: Record<string, string> | undefined): Provenance | null {
  const parsed = provenanceSchema.safeParse(customMetadata)
  return parsed.success ? parsed.data : null
}
