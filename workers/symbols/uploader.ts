import { may, type Viewer } from '#shared/auth/permissions.ts'
import { checkToken, TOKEN_REFUSAL_TEXT, type TokenRefusal } from '#shared/auth/token.ts'
import type { Clock } from '#shared/clock.ts'
import type { TokenRepository } from '#shared/db/tokens.ts'
import type { UploadOwner } from '#shared/db/uploads.ts'

/** Why a request may not upload. */
export type UploaderRefusal = 'no_token' | TokenRefusal | 'no_permission'

/** The peer's words (specs/symbols.md 1.1). */
const UPLOADER_REFUSAL_TEXT: Readonly<Record<UploaderRefusal, string>> = {
  ...TOKEN_REFUSAL_TEXT,
  no_token: 'This requires an Auth-Token to authenticate the request',
  no_permission: 'Forbidden',
}

/** Who uploads. */
export interface Uploader extends UploadOwner {
  readonly viewer: Viewer
  readonly tokenExpiresAtMs: number
  /** The header `Source-Revision`: which revision the files were built from. Null where there is none, or nothing that a revision or tag can be. */
  readonly sourceRevision: string | null
}

export type UploaderCheck =
  | { readonly kind: 'uploader'; readonly uploader: Uploader }
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
      if (viewer.email === null || !mayUpload(viewer, true)) return refuse('no_permission')
      const { product, expiresAtMs } = check
      const isAdmin = may(viewer, 'admin')
      return {
        kind: 'uploader',
        uploader: {
          ...{ email: viewer.email, viewer, product, isAdmin, tokenExpiresAtMs: expiresAtMs },
          sourceRevision: readRevision(headers.get('Source-Revision')),
        },
      }
    }
  }
}

/** A commit, or a tag: a name that git and hg take. */
function readRevision(header: string | null): string | null {
  const revision = header?.trim() ?? ''
  return /^[\w.+/-]{1,200}$/.test(revision) ? revision : null
}

/**
 * Whether an upload is a try upload: a field `try` that is not empty asks for it (`try=0` too, as at the peer), and a token
 * that cannot upload regular symbols uploads nothing else.
 */
export function isTryUpload(viewer: Viewer, tryField: string): boolean {
  return tryField !== '' || !may(viewer, 'upload_symbols')
}

/** Whether the viewer may upload to this store. */
export function mayUpload(viewer: Viewer, trySymbols: boolean): boolean {
  return may(viewer, 'upload_symbols') || (trySymbols && may(viewer, 'upload_try_symbols'))
}

function refuse(reason: UploaderRefusal): UploaderCheck {
  return { kind: 'refused', reason, text: UPLOADER_REFUSAL_TEXT[reason] }
}
