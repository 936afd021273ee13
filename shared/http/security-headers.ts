/**
 * The headers of every page and API answer (specs/reliability.md section 9). Crash content comes from strangers: no inline script
 * or style runs, nothing loads from elsewhere, no other site can frame a page or read it.
 */

/** Exactly what a page may load: our own style sheets, scripts and images, and forms that post to ourselves. */
export const PAGE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** A dump is a stranger's bytes: should a browser ever show it, it runs in an empty sandbox. */
export const DOWNLOAD_CSP = "default-src 'none'; sandbox; frame-ancestors 'none'"

/** One year; subdomains are the operator's to decide. */
const HSTS = 'max-age=31536000'

/** The headers that do not depend on the route. HSTS only where TLS is certain: it would lock a developer out of http://localhost. */
export function securityHeaders(deployment: 'development' | 'production'): Readonly<Record<string, string>> {
  return {
    'Content-Security-Policy': PAGE_CSP,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...(deployment === 'production' ? { 'Strict-Transport-Security': HSTS } : {}),
  }
}
