import { withDeadline } from '#shared/deadline.ts'
import { RPC_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { RawCrash } from '#shared/raw-crash.ts'
import { continentOf, type DuplicatesRpc } from '#shared/throttle/duplicates-port.ts'
import { parseFingerprint } from '#shared/throttle/fingerprint.ts'

/** What telling a signature needs. */
export interface NoteSignatureDeps {
  readonly duplicates: Pick<DuplicatesRpc, 'noteSignature'>
  /** The hash of the signature lists. */
  readonly lists: string
  /** Goes on with work after the crash is done. */
  readonly defer: (work: Promise<unknown>) => void
  readonly log: Log
}

/**
 * Tells the collector the signature of a crash whose fingerprint is counted there: two signatures under one fingerprint are two bugs, and none of them is
 * dropped any more. Best effort: what is not told, a later crash tells.
 */
export function noteSignature({ uuid, metadata }: RawCrash, signature: unknown, deps: NoteSignatureDeps): void {
  const fingerprint = parseFingerprint(metadata.fingerprint ?? '')
  if (fingerprint === null || metadata.continent === undefined || typeof signature !== 'string') return
  const alike = { fingerprint, continent: continentOf(metadata.continent) }
  const noting = withDeadline(
    'Duplicates',
    RPC_DEADLINE_MS,
    deps.duplicates.noteSignature(alike, signature, deps.lists),
  )
  deps.defer(
    noting.catch((thrown) => deps.log('processor', 'signature_untold', { crash_id: uuid, error: errorText(thrown) })),
  )
}
