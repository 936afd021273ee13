import type { Clock, RandomBytes } from '../clock.ts'
import type { StoredToken, TokenRepository } from '../db/tokens.ts'
import { TOKEN_DAYS } from '../limits.ts'
import { ANONYMOUS, type Permission, type Viewer } from './permissions.ts'

/** Why a sent token gives nothing. The texts that clients see are the peers' (Tecken, Crash Stats). */
export type TokenRefusal = 'not_matched' | 'expired' | 'user_not_active'
export const TOKEN_REFUSAL_TEXT: Readonly<Record<TokenRefusal, string>> = {
  not_matched: 'API Token not matched',
  expired: 'API Token found but expired',
  user_not_active: 'API Token matched but user not active',
}

/** Who a request's token speaks for. A token's permissions replace those of its owner. */
export type TokenCheck =
  | { readonly kind: 'none'; readonly viewer: Viewer }
  | {
      readonly kind: 'valid'
      readonly viewer: Viewer
      /** The product that the token is for; null for a token of the whole deployment. */
      readonly product: string | null
      readonly expiresAtMs: number
    }
  | { readonly kind: 'refused'; readonly reason: TokenRefusal }

const TOKEN = /^[0-9a-f]{64}$/
/** The first digits of a token name its row; they are shown in lists and logs. */
const PUBLIC_ID_CHARS = 8
const DAY_MS = 86_400_000

/** The SHA-256 of a text as hex: how tokens and session cookies are stored. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Compares two hashes in a time that does not depend on where they differ. Both are public-length hex. */
export function sameHash(left: string, right: string): boolean {
  if (left.length !== right.length) return false
  let difference = 0
  for (let at = 0; at < left.length; at++) difference |= left.charCodeAt(at) ^ right.charCodeAt(at)
  return difference === 0
}

/** The token of a request: `Auth-Token` as the peers' clients send it, else `Authorization: Bearer`. A `-label` suffix is ignored. */
export function sentToken(headers: Headers): string | null {
  const bearer = /^Bearer (.+)$/.exec(headers.get('Authorization') ?? '')?.[1]
  const sent = headers.get('Auth-Token') ?? bearer
  return sent === undefined ? null : (sent.split('-', 1)[0] ?? '').trim()
}

/** Finds out whom the token of a request speaks for. Unknown and wrong tokens get the same answer. */
export async function checkToken(
  headers: Headers,
  tokens: Pick<TokenRepository, 'find'>,
  clock: Clock,
): Promise<TokenCheck> {
  const token = sentToken(headers)
  if (token === null) return { kind: 'none', viewer: ANONYMOUS }
  if (!TOKEN.test(token)) return { kind: 'refused', reason: 'not_matched' }
  const stored = await tokens.find(token.slice(0, PUBLIC_ID_CHARS))
  const hash = await sha256Hex(token)
  if (stored === null || !sameHash(hash, stored.hash) || stored.revokedAtMs !== null) {
    return { kind: 'refused', reason: 'not_matched' }
  }
  if (stored.expiresAtMs <= clock()) return { kind: 'refused', reason: 'expired' }
  if (!stored.ownerActive) return { kind: 'refused', reason: 'user_not_active' }
  const viewer = { email: stored.email, permissions: stored.permissions, tokenId: stored.id }
  return { kind: 'valid', viewer, product: stored.product, expiresAtMs: stored.expiresAtMs }
}

/** What cannot be made into a token. */
export type TokenCreation =
  | { readonly kind: 'created'; readonly token: string; readonly stored: StoredToken }
  | { readonly kind: 'both_upload_permissions' }

/**
 * Makes a token: 64 hex digits that are shown once, and the row that is kept of it.
 * A token never holds both upload permissions: it would not say where its uploads go (Tecken's rule). A token of a product uploads
 * symbols for this product alone (shared/symbols/ownership.ts). It lives for `days`, by default as long as a token may.
 */
export async function createToken(
  email: string,
  permissions: readonly Permission[],
  clock: Clock,
  randomBytes: RandomBytes,
  product: string | null = null,
  { note = '', days = TOKEN_DAYS }: { readonly note?: string; readonly days?: number } = {},
): Promise<TokenCreation> {
  if (permissions.includes('upload_symbols') && permissions.includes('upload_try_symbols')) {
    return { kind: 'both_upload_permissions' }
  }
  const bytes = randomBytes(new Uint8Array(32))
  const token = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const createdAtMs = clock()
  const stored: StoredToken = {
    id: token.slice(0, PUBLIC_ID_CHARS),
    hash: await sha256Hex(token),
    email,
    permissions,
    product,
    note,
    createdAtMs,
    expiresAtMs: createdAtMs + days * DAY_MS,
    revokedAtMs: null,
    ownerActive: true,
  }
  return { kind: 'created', token, stored }
}

/** When a token ends that is extended by `days`: no later than a token that is made now could live. */
export function extendedExpiryMs(expiresAtMs: number, days: number, nowMs: number): number {
  return Math.min(Math.max(expiresAtMs, nowMs) + days * DAY_MS, nowMs + TOKEN_DAYS * DAY_MS)
}
