import { may, type Permission, type Viewer } from '#shared/auth/permissions.ts'
import { checkToken, TOKEN_REFUSAL_TEXT } from '#shared/auth/token.ts'
import type { Clock } from '#shared/clock.ts'
import type { TokenRepository } from '#shared/db/tokens.ts'
import { jsonFor } from './answer.ts'

export interface BooksViewerDeps {
  readonly tokens: TokenRepository
  readonly clock: Clock
}

/** Who reads the books, or the 403 that says why not. */
export type BooksViewer =
  | { readonly kind: 'viewer'; readonly viewer: Viewer; readonly email: string; readonly canViewAll: boolean }
  | { readonly kind: 'refused'; readonly response: Response }

/** Each of these shows a person's own uploads; the first shows everybody's. */
const UPLOAD_PERMISSIONS: readonly Permission[] = ['view_all_uploads', 'upload_symbols', 'upload_try_symbols']

/** Finds out by its token who asks (specs/symbols.md 1.1 and 4, with the peer's words). Throws when D1 fails. */
export async function checkBooksViewer(request: Request, { tokens, clock }: BooksViewerDeps): Promise<BooksViewer> {
  const check = await checkToken(request.headers, tokens, clock)
  switch (check.kind) {
    case 'none':
      return refuse(request, 'This requires an Auth-Token to authenticate the request')
    case 'refused':
      return refuse(request, TOKEN_REFUSAL_TEXT[check.reason])
    case 'valid': {
      const { viewer } = check
      if (viewer.email === null) return refuse(request, 'Forbidden')
      return { kind: 'viewer', viewer, email: viewer.email, canViewAll: may(viewer, 'view_all_uploads') }
    }
  }
}

/** Whether this viewer may list uploads at all: their own, or all. */
export function mayListUploads(viewer: Viewer): boolean {
  return UPLOAD_PERMISSIONS.some((permission) => may(viewer, permission))
}

function refuse(request: Request, error: string): BooksViewer {
  return { kind: 'refused', response: jsonFor(request, { error }, 403) }
}
