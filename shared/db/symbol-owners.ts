import { sql } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS, D1_JSON_ROWS } from '../limits.ts'
import { type SymbolKey, symbolKeySegments, symbolObjectKey } from '../symbols/key.ts'
import {
  decideOwnership,
  decideQuota,
  type OwnershipDecision,
  type SymbolOwners,
  type SymbolUploader,
} from '../symbols/ownership.ts'
import { auditLogIn } from './audit-log.ts'
import { symbolOwners, uploadFiles, uploads } from './schema.ts'

/** One owner's row, as the query below answers it. */
interface OwnerRow {
  readonly debug_file: string
  readonly debug_id: string
  readonly product: string | null
}

/** The owners in D1. `quotaBytes` is the room of each product, 0 for no bound. */
export function symbolOwnersIn(db: DrizzleD1Database, quotaBytes: number): SymbolOwners {
  const audit = auditLogIn(db)
  const ask = <T>(work: Promise<T>) => withDeadline('D1 symbol_owners', D1_DEADLINE_MS, work)
  return {
    async quota(product, incomingBytes) {
      // The sum reads every row of the product: it is only asked for where there is a bound.
      if (product === null || quotaBytes === 0) return { kind: 'within' }
      return decideQuota(product, await ask(usedBytes(db, product)), incomingBytes, quotaBytes)
    },
    async claim(uploader, keys) {
      const decisions = new Map<SymbolKey, OwnershipDecision>()
      for (let at = 0; at < keys.length; at += D1_JSON_ROWS) {
        const chunk = keys.slice(at, at + D1_JSON_ROWS)
        const owners = await ask(claimAll(db, uploader, chunk))
        for (const key of chunk) {
          const product = owners.get(pairOf(key))
          if (product === undefined) throw new Error('D1 symbol_owners: a claimed key has no owner')
          decisions.set(key, decideOwnership({ product }, uploader))
        }
      }
      return decisions
    },
    async recordOverwrite({ email, product, uploadId, trySymbols }, { key, md5Before, md5After }, atMs) {
      const detail = { upload_id: uploadId, product, md5_before: md5Before, md5_after: md5After }
      await audit.add({ atMs, email, action: 'symbol_overwrite', subject: symbolObjectKey(key, trySymbols), detail })
    },
  }
}

/** A key's debug file and id: all files under them have one owner. */
function pairOf(key: SymbolKey): string {
  const { debugFile, id } = symbolKeySegments(key)
  return `${debugFile}/${id}`
}

/** Of two first uploads at once one inserts the owner, and both read it. (drizzle cannot batch raw statements on D1.) */
async function claimAll(
  db: DrizzleD1Database,
  { uploadId, product, trySymbols }: SymbolUploader,
  keys: readonly SymbolKey[],
) {
  const pairs = JSON.stringify(keys.map(symbolKeySegments).map(({ debugFile, id }) => [debugFile, id]))
  await db.run(sql`
      insert into ${symbolOwners} (debug_file, debug_id, try_symbols, product, upload_id)
      select value ->> 0, value ->> 1, ${Number(trySymbols)}, ${product}, ${uploadId} from json_each(${pairs}) where true
      on conflict do nothing`)
  const owners = await db.all<OwnerRow>(sql`
      select distinct owner.debug_file, owner.debug_id, owner.product from json_each(${pairs}) pair
      join ${symbolOwners} owner
        on owner.debug_file = pair.value ->> 0 and owner.debug_id = pair.value ->> 1 and owner.try_symbols = ${Number(trySymbols)}`)
  return new Map(owners.map((owner) => [`${owner.debug_file}/${owner.debug_id}`, owner.product]))
}

/** Stored bytes of a product's symbols: of a file that was replaced only the latest counts. */
async function usedBytes(db: DrizzleD1Database, product: string): Promise<number> {
  const [used] = await db.all<{ bytes: number | null }>(sql`
    select sum(stored_bytes) as bytes from (
      select file.stored_bytes, max(file.id) from ${uploadFiles} file
      join ${uploads} upload on upload.id = file.upload_id
      where upload.product = ${product} group by file.key)`)
  return used?.bytes ?? 0
}
