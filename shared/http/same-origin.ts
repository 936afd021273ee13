/** Why a state-changing request with a session cookie is refused. */
export type OriginRefusal = 'no_origin' | 'cross_origin'

/**
 * Null when a browser says that the request comes from a page of this origin; else why not.
 * Cookies travel with SameSite=Lax, which lets other subdomains post; so `Sec-Fetch-Site` and `Origin` are both
 * checked where present, and one of them must be there. `Origin: null` (a sandboxed frame, a data: page) is cross-origin.
 */
export function refuseOtherOrigin(headers: Headers, requestUrl: string): OriginRefusal | null {
  const site = headers.get('Sec-Fetch-Site')
  const origin = headers.get('Origin')
  if (site === null && origin === null) return 'no_origin'
  if (site !== null && site !== 'same-origin') return 'cross_origin'
  if (origin !== null && origin !== new URL(requestUrl).origin) return 'cross_origin'
  return null
}
