import { type AccessDeps, checkReadAccess, parseTokenPath } from './access.ts'
import { answerDebuginfod, parseDebuginfodPath } from './debuginfod.ts'
import { type DownloadDeps, downloadSymbol, parseDownloadPath } from './download.ts'
import { DOWNLOAD_HEADERS, notFound, refused } from './download-answer.ts'
import { parsePartialPath } from './partial-request.ts'
import { answerPartial, answerPreflight, type PartialDeps } from './partial-routes.ts'

export interface ReadDeps extends DownloadDeps, AccessDeps {
  readonly partial: PartialDeps
}

/**
 * Answers everything that debuggers ask: symbol files, partial ones, debuginfod, the probes of Microsoft's client. Throws
 * when R2 or D1 fails.
 */
export async function answerRead(request: Request, deps: ReadDeps): Promise<Response> {
  const { pathname } = new URL(request.url)
  const tokenPath = parseTokenPath(pathname)
  if (request.method === 'OPTIONS' && parsePartialPath(tokenPath?.pathname ?? pathname) !== null)
    return answerPreflight()
  const access = await checkReadAccess(request.headers, tokenPath, deps)
  if (access.kind === 'refused') return refused(403, { error: access.text })
  return answerGrantedRead(request, tokenPath?.pathname ?? pathname, deps, tokenPath?.basePath ?? '')
}

/**
 * The refusal of a request that reads about symbols without leave, where SYMBOL_ACCESS asks for it; null for every
 * other.
 */
export async function requireReadAccess(request: Request, deps: AccessDeps): Promise<Response | null> {
  const access = await checkReadAccess(request.headers, null, deps)
  return access.kind === 'refused' ? refused(403, { error: access.text }) : null
}

/** The same as {@link answerRead} for who needs no token: the stackwalker, over a service binding. */
export function answerInternalRead(request: Request, deps: ReadDeps): Promise<Response> {
  return answerGrantedRead(request, new URL(request.url).pathname, deps, '')
}

async function answerGrantedRead(request: Request, pathname: string, deps: ReadDeps, basePath: string) {
  const probe = PROBES[pathname.replace(/^\/try\//, '/')]
  const debuginfod = parseDebuginfodPath(pathname)
  const download = parseDownloadPath(pathname)
  const partial = parsePartialPath(pathname)
  if (partial !== null) return answerPartial(request, partial, deps.partial)
  if (probe === undefined && debuginfod === null && download === null) {
    return refused(404, { error: 'Not Found', path: pathname })
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const error = `Method Not Allowed (${request.method}): ${pathname}`
    return refused(405, { error }, { Allow: 'GET, HEAD' })
  }
  if (probe !== undefined) return probe()
  if (debuginfod !== null) return answerDebuginfod(request, debuginfod, deps)
  if (download !== null) return downloadSymbol(request, download, deps, basePath)
  return refused(404, { error: 'Not Found', path: pathname })
}

/** What WinDbg and Visual Studio ask of a symbol store before its files (specs/symbols.md 2.2). */
const PROBES: Readonly<Record<string, () => Response>> = {
  // A store with an index2.txt has two tiers, `fo/foo.pdb/…`. This one has one.
  '/index2.txt': () => notFound('Not Found: this store has one tier'),
  '/pingme.txt': () =>
    new Response('', { headers: { ...DOWNLOAD_HEADERS, 'Content-Type': 'text/plain; charset=utf-8' } }),
}
