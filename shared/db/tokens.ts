import { and, desc, eq, isNull } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { z } from 'zod'
import { type Permission, permissionSchema } from '../auth/permissions.ts'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS, MAX_TOKENS_LISTED } from '../limits.ts'
import { tokens, users } from './schema.ts'

/** One API token as it is stored: never the token itself. */
export interface StoredToken {
  readonly id: string
  readonly hash: string
  readonly email: string
  readonly permissions: readonly Permission[]
  /** The product whose symbols it uploads; null for a token of the whole deployment. */
  readonly product: string | null
  /** What its owner says it is for. */
  readonly note: string
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
  /** The tokens of one person, or of everybody for null, newest first; revoked ones are not listed. */
  list(email: string | null): Promise<readonly StoredToken[]>
  /** Lets a token end at another time. */
  extend(id: string, expiresAtMs: number): Promise<void>
  /** Ends a token for good. Its row stays: its id may stand in logs. */
  revoke(id: string, atMs: number): Promise<void>
}

/** The tokens in D1. */
export function tokenRepository(db: DrizzleD1Database): TokenRepository {
  const ask = <T>(work: Promise<T>) => withDeadline('D1 tokens', D1_DEADLINE_MS, work)
  const withOwners = () => db.select().from(tokens).leftJoin(users, eq(tokens.email, users.email))
  return {
    async find(id) {
      const rows = await ask(withOwners().where(eq(tokens.id, id)).limit(1).all())
      return rows[0] === undefined ? null : storedToken(rows[0])
    },
    async add(token) {
      await ask(db.insert(tokens).values(tokenRow(token)).run())
    },
    async list(email) {
      const ofPerson = email === null ? undefined : eq(tokens.email, email)
      const listed = withOwners().where(and(isNull(tokens.revoked_at), ofPerson))
      const rows = await ask(listed.orderBy(desc(tokens.created_at), tokens.id).limit(MAX_TOKENS_LISTED).all())
      return rows.map(storedToken)
    },
    async extend(id, expiresAtMs) {
      await ask(db.update(tokens).set({ expires_at: expiresAtMs }).where(eq(tokens.id, id)).run())
    },
    async revoke(id, atMs) {
      await ask(db.update(tokens).set({ revoked_at: atMs }).where(eq(tokens.id, id)).run())
    },
  }
}

interface TokenRow {
  readonly tokens: typeof tokens.$inferSelect
  readonly users: typeof users.$inferSelect | null
}

function storedToken({ tokens: row, users: owner }: TokenRow): StoredToken {
  return {
    id: row.id,
    hash: row.hash,
    email: row.email,
    permissions: z.array(permissionSchema).parse(row.permissions),
    product: row.product,
    note: row.note,
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at,
    revokedAtMs: row.revoked_at,
    ownerActive: owner?.active ?? true,
  }
}

function tokenRow(token: StoredToken) {
  return {
    id: token.id,
    hash: token.hash,
    email: token.email,
    permissions: [...token.permissions],
    product: token.product,
    note: token.note,
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
    quote(token.note),
    token.createdAtMs,
    token.expiresAtMs,
  ]
  return `INSERT INTO tokens (id, hash, email, permissions, product, note, created_at, expires_at) VALUES (${values.join(', ')});`
}
