import { and, eq, sql } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS, D1_JSON_ROWS } from '../limits.ts'
import { productVersions } from './schema.ts'

/** One build of a product on a channel. */
export interface ProductBuild {
  readonly product: string
  /** In lower case: channels are compared so (specs/webapp.md 2.2). */
  readonly channel: string
  readonly buildId: string
}

export interface BuildVersion extends ProductBuild {
  readonly version: string
}

/** Which versions builds are. Facts are only added: a build never stops being a version. */
export interface ProductVersionRepository {
  /** The versions of a build, the one that was seen first in front. */
  versionsOf(build: ProductBuild): Promise<readonly string[]>
  /** Remembers these; those that are known stay as they are. */
  record(versions: readonly BuildVersion[], atMs: number): Promise<void>
}

/** The same in D1. */
export function productVersionRepository(db: DrizzleD1Database): ProductVersionRepository {
  const ask = <T>(work: Promise<T>) => withDeadline('D1 product_versions', D1_DEADLINE_MS, work)
  return {
    async versionsOf({ product, channel, buildId }) {
      const { product: ofProduct, channel: onChannel, build_id, first_seen_at, version } = productVersions
      const rows = await ask(
        db
          .select({ version })
          .from(productVersions)
          .where(and(eq(ofProduct, product), eq(onChannel, channel), eq(build_id, buildId)))
          .orderBy(first_seen_at, version)
          .all(),
      )
      return rows.map((row) => row.version)
    },
    async record(versions, atMs) {
      for (let at = 0; at < versions.length; at += D1_JSON_ROWS) {
        const json = JSON.stringify(versions.slice(at, at + D1_JSON_ROWS))
        await ask(
          db.run(sql`insert into product_versions (product, channel, build_id, version, first_seen_at)
            select value ->> 'product', value ->> 'channel', value ->> 'buildId', value ->> 'version', ${atMs}
              from json_each(${json}) where true on conflict do nothing`),
        )
      }
    },
  }
}
