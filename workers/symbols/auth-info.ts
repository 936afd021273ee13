import { sha256Hex } from '#shared/auth/token.ts'
import { jsonFor } from './answer.ts'
import { isTryUpload, type Uploader } from './uploader.ts'

/** How v2 files arrive here; a client that knows no such name sends zips. */
export const UPLOAD_PROTOCOL = 'mayday-parts-1'

/**
 * What a token may upload, before an uploader packs anything (specs/symbols.md 1.5). `upload_api_version` is 1: it is read by the
 * peer's own client, whose v2 sends to a bucket of another vendor and would fail here, while its v1 works. Clients of our v2 go
 * by `upload_protocols`.
 */
export async function authInfo(request: Request, uploader: Uploader): Promise<Response> {
  const info = {
    email: uploader.email,
    user_id: await userId(uploader.email),
    try_symbols: isTryUpload(uploader.viewer, ''),
    token_expires_at: Math.floor(uploader.tokenExpiresAtMs / 1_000),
    upload_api_version: 1,
    upload_protocols: [UPLOAD_PROTOCOL],
  }
  return jsonFor(request, info, 200)
}

const USER_ID_DIGITS = 7

/** The peer numbers its users; ours are their addresses, so the number is made of the address and stays the same. */
async function userId(email: string): Promise<number> {
  return Number.parseInt((await sha256Hex(email)).slice(0, USER_ID_DIGITS), 16)
}
