import { may, type Viewer } from '#shared/auth/permissions.ts'
import { checkToken, TOKEN_REFUSAL_TEXT, type TokenRefusal } from '#shared/auth/token.ts'
import type { Clock } from '#shared/clock.ts'
import type { TokenRepository } from '#shared/db/tokens.ts'

/** Why a request may not upload. */
export type UploaderRefusal = 'no_token' | TokenRefusal | 'no_permission'

/** The peer's words (specs/symbols.md 1.1). */
const UPLOADER_REFUSAL_TEXT: Readonly<Record<UploaderRefusal, string>> = {
  ...TOKEN_REFUSAL_TEXT,
  no_token: 'This requires an Auth-Token to authenticate the request',
  no_permission: 'Forbidden',
}

export type UploaderCheck =
  | { readonly kind: 'uploader'; readonly email: string; readonly viewer: Viewer }
  | { readonly kind: 'refused'; readonly reason: UploaderRefusal; readonly text: string }

/** Finds out who uploads. Throws when D1 fails. */
export async function checkUploader(headers: Headers, tokens: TokenRepository, clock: Clock): Promise<UploaderCheck> {
  const check = await checkToken(headers, tokens, clock)
  switch (check.kind) {
    case 'none':
      return refuse('no_token')
    case 'refused':
      return refuse(check.reason)
    case 'valid': {
      const { viewer } = check
      const mayUpload = may(viewer, 'upload_symbols') || may(viewer, 'upload_try_symbols')
      if (viewer.email === null || !mayUpload) return refuse('no_permission')
      return { kind: 'uploader', email: viewer.email, viewer }
    }
  }
}

/**
 * Whether an upload is a try upload: a field `try` that is not empty asks for it (`try=0` too, as at the peer), and a token
 * that cannot upload regular symbols uploads nothing else.
 */
export function isTryUpload(viewer: Viewer, tryField: string): boolean {
  return tryField !== '' || !may(viewer, 'upload_symbols')
}

function refuse(reason: UploaderRefusal): UploaderCheck {
  return { kind: 'refused', reason, text: UPLOADER_REFUSAL_TEXT[reason] }
}
