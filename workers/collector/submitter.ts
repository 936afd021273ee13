import { sameHash, sha256Hex } from '#shared/auth/token.ts'

/**
 * Whether a request carries the token of the re-submitter, who may choose the crash id. `Bearer` is case-sensitive as at the peer; the
 * comparison is of hashes, so its time says nothing about the token. Without a configured token nobody is.
 */
export async function isSubmitter(headers: Headers, submitterToken: string): Promise<boolean> {
  const sent = /^Bearer (.+)$/.exec(headers.get('Authorization') ?? '')?.[1]
  if (submitterToken === '' || sent === undefined) return false
  return sameHash(await sha256Hex(sent), await sha256Hex(submitterToken))
}
