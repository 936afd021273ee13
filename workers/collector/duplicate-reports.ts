import { WorkerEntrypoint } from 'cloudflare:workers'
import { sha256Hex } from '#shared/auth/token.ts'
import { withDeadline } from '#shared/deadline.ts'
import { RPC_DEADLINE_MS } from '#shared/limits.ts'
import { addDays } from '#shared/throttle/duplicate-counts.ts'
import { type Alike, CONTINENTS, type DuplicatesRpc, type FingerprintCounts } from '#shared/throttle/duplicates-port.ts'
import type { Fingerprint } from '#shared/throttle/fingerprint.ts'
import { duplicatesOf } from './duplicates.ts'
import type { Env } from './env.ts'

/** What is known of reports alike, for other Workers. It holds no crash: counts, and hashes of signatures. */
export class DuplicateReports extends WorkerEntrypoint<Env> implements DuplicatesRpc {
  async noteSignature(alike: Alike, signature: string, lists: string): Promise<void> {
    // A header carries it, which has no letters beyond Latin-1.
    const [hash, listsHash] = await Promise.all([sha256Hex(signature), sha256Hex(lists)])
    const noting = duplicatesOf(this.env.DUPLICATES).noteSignature(alike, hash.slice(0, 32), listsHash.slice(0, 32))
    await withDeadline('Duplicates', RPC_DEADLINE_MS, noting)
  }

  async counts(fingerprint: Fingerprint): Promise<FingerprintCounts> {
    const duplicates = duplicatesOf(this.env.DUPLICATES)
    const reading = Promise.all(CONTINENTS.map((continent) => duplicates.read({ fingerprint, continent })))
    const counts = (await withDeadline('Duplicates', RPC_DEADLINE_MS, reading)).filter((one) => one !== null)
    return { days: addDays(counts.map(({ days }) => days)), mixed: counts.some(({ mixed }) => mixed) }
  }
}
