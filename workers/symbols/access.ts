import { may } from '#shared/auth/permissions.ts'
import { checkToken, TOKEN_REFUSAL_TEXT, type TokenRefusal } from '#shared/auth/token.ts'
import type { Clock } from '#shared/clock.ts'
import type { TokenRepository } from '#shared/db/tokens.ts'

/** Why a request may not read symbols. */
export type ReadRefusal = 'no_token' | TokenRefusal | 'no_permission' | 'not_only_download'

const READ_REFUSAL_TEXT: Readonly<Record<ReadRefusal, string>> = {
  ...TOKEN_REFUSAL_TEXT,
  no_token:
    'This symbol server is private: use /k/<download token>/ as its address, or send the token in the header Auth-Token',
  no_permission: 'Forbidden: the token does not hold download_symbols',
  not_only_download:
    'Forbidden: a token in an address ends in logs and settings, so it may hold download_symbols and nothing else',
}

export type ReadAccess =
  | { readonly kind: 'granted' }
  | { readonly kind: 'refused'; readonly reason: ReadRefusal; readonly text: string }

export interface AccessDeps {
  readonly tokens: TokenRepository
  readonly clock: Clock
  /** SYMBOL_ACCESS=private: nobody reads symbols without a token. */
  readonly isPrivate: boolean
}

const TOKEN_PATH = /^(\/k\/([0-9a-f]{64}(?:-[^/]*)?))(\/.*)$/

/** A path that begins with a download token. */
export interface TokenPath {
  /** `/k/<download token>`. */
  readonly basePath: string
  readonly token: string
  readonly pathname: string
}

/** Reads `/k/<download token>/…`; null for every other path, also one whose token is none: it leads nowhere. */
export function parseTokenPath(path: string): TokenPath | null {
  const [, basePath, token, pathname] = TOKEN_PATH.exec(path) ?? []
  return basePath === undefined || token === undefined || pathname === undefined ? null : { basePath, token, pathname }
}

/** The path as it may stand in a log line. */
export function pathWithoutToken(path: string): string {
  return parseTokenPath(path)?.pathname ?? path
}

/**
 * Whether a request may read symbols. A token in the path counts for what it is in a public deployment too, so that a
 * revoked one is noticed. Throws when D1 fails.
 */
export async function checkReadAccess(headers: Headers, path: TokenPath | null, deps: AccessDeps): Promise<ReadAccess> {
  if (path === null && !deps.isPrivate) return { kind: 'granted' }
  const check = await checkToken(
    path === null ? headers : new Headers({ 'Auth-Token': path.token }),
    deps.tokens,
    deps.clock,
  )
  switch (check.kind) {
    case 'none':
      return refuse('no_token')
    case 'refused':
      return refuse(check.reason)
    case 'valid': {
      const { permissions } = check.viewer
      if (path !== null && permissions.some((name) => name !== 'download_symbols')) return refuse('not_only_download')
      return may(check.viewer, 'download_symbols') ? { kind: 'granted' } : refuse('no_permission')
    }
  }
}

function refuse(reason: ReadRefusal): ReadAccess {
  return { kind: 'refused', reason, text: READ_REFUSAL_TEXT[reason] }
}
