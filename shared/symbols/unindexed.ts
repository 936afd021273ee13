import { withDeadline } from '../deadline.ts'
import { BACKFILL_PAGE_KEYS, R2_DEADLINE_MS } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import { indexObjectKey, isSymFile, parseSymbolObjectKey } from './key.ts'
import { storedIndexOf } from './stored-index.ts'

/** One page of the store, as the backfill of indexes looks at it. */
export interface UnindexedPage {
  /** The R2 keys of sym files whose index is missing, of another format or of other content. */
  readonly object_keys: readonly string[]
  /** The R2 key after which the next page begins; null when this was the last. */
  readonly next: string | null
}

/** What the scheduler asks the symbols Worker for: it has no bucket of its own. Throws when R2 fails. */
export interface UnindexedRpc {
  unindexed(after: string | null): Promise<UnindexedPage>
}

/**
 * Looks through BACKFILL_PAGE_KEYS keys of the store for sym files without a right index. It begins after a key and not at R2's own cursor, which nobody
 * promises to be good the next day. An index lies right after its file; one whose page begins with the next key is asked for by name.
 */
export async function listUnindexed(
  bucket: Pick<Bucket, 'list' | 'head'>,
  after: string | null,
  indexVersion: number,
): Promise<UnindexedPage> {
  const options = { limit: BACKFILL_PAGE_KEYS, include: ['customMetadata' as const] }
  const list = bucket.list(after === null ? options : { ...options, startAfter: after })
  const page = await withDeadline('R2 list', R2_DEADLINE_MS, list)
  const last = page.objects.at(-1)?.key ?? ''
  const onPage = new Map(page.objects.map((object) => [object.key, object]))
  const found: string[] = []
  for (const { key, etag } of page.objects) {
    const stored = parseSymbolObjectKey(key)
    if (stored === null || !isSymFile(stored.key)) continue
    const indexKey = indexObjectKey(key)
    const isBeyond = page.truncated && indexKey > last
    const object = isBeyond
      ? await withDeadline('R2 head', R2_DEADLINE_MS, bucket.head(indexKey))
      : onPage.get(indexKey)
    const index = object === undefined || object === null ? null : storedIndexOf(object)
    if (index?.symEtag !== etag || index.version !== indexVersion) found.push(key)
  }
  return { object_keys: found, next: page.truncated && last !== '' ? last : null }
}
