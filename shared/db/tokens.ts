import { eq } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { z } from 'zod'
import { type Permission, permissionSchema } from '../auth/permissions.ts'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS } from '../limits.ts'
import { tokens, users } from './schema.ts'

/** One API token as it is stored: never the token itself. */
export interface StoredToken {
  readonly id: string
  readonly hash: string
  readonly email: string
  readonly permissions: readonly Permission[]
  /** The product whose symbols it uploads; null for a token of the whole deployment. */
  readonly product: string | null
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly revokedAtMs: number | null
  /** False once the owner's account is switched off; an owner who never signed in counts as active. */
  readonly ownerActive: boolean
}

/** The tokens of the deployment. */
export interface TokenRepository {
  find(id: string): Promise<StoredToken | null>
  add(token: StoredToken): Promise<void>
}

/** The tokens in D1. */
export function tokenRepository(db: DrizzleD1Database): TokenRepository {
  return {
    async find(id) {
      const rows = await withDeadline(
        'D1 tokens',
        D1_DEADLINE_MS,
        db.select().from(tokens).leftJoin(users, eq(tokens.email, users.email)).where(eq(tokens.id, id)).limit(1).all(),
      )
      const row = rows[0]
      if (row === undefined) return null
      return {
        id: row.tokens.id,
        hash: row.tokens.hash,
        email: row.tokens.email,
        permissions: z.array(permissionSchema).parse(row.tokens.permissions),
        product: row.tokens.product,
        createdAtMs: row.tokens.created_at,
        expiresAtMs: row.tokens.expires_at,
        revokedAtMs: row.tokens.revoked_at,
        ownerActive: row.users?.active ?? true,
      }
    },
    async add(token) {
      await withDeadline('D1 tokens', D1_DEADLINE_MS, db.insert(tokens).values(tokenRow(token)).run())
    },
  }
}

function tokenRow(token: StoredToken) {
  return {
    id: token.id,
    hash: token.hash,
    email: token.email,
    permissions: [...token.permissions],
    product: token.product,
    created_at: token.createdAtMs,
    expires_at: token.expiresAtMs,
  }
}

/** The same insert as one SQL statement, for the `mayday token` command, which speaks to D1 through wrangler. */
export function tokenInsertSql(token: StoredToken): string {
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`
  const values = [
    quote(token.id),
    quote(token.hash),
    quote(token.email),
    quote(JSON.stringify(token.permissions)),
    token.product === null ? 'NULL' : quote(token.product),
    token.createdAtMs,
    token.expiresAtMs,
  ]
  return `INSERT INTO tokens (id, hash, email, permissions, product, created_at, expires_at) VALUES (${values.join(', ')});`
}
