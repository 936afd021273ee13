import type { UploadBooks } from '#shared/db/upload-books.ts'
import { DOWNLOAD_HEADERS, notFound } from './download-answer.ts'
import { downloadUrl } from './uploads-api.ts'

export interface SyminfoDeps {
  readonly books: Pick<UploadBooks, 'symFileOf'>
  /** Origin of download addresses; empty: the origin that was asked. */
  readonly urlBase: string
}

/** Which module somebody asks about: by code file and code id, or by debug file and debug id. The id is upper-case. */
export interface SyminfoPath {
  readonly name: string
  readonly id: string
}

const PATH = /^\/api\/syminfo\/([^/]+)\/([0-9A-Fa-f]{1,255})\/?$/

/** Reads `/api/syminfo/<file>/<hex id>`; null for every other path. */
export function parseSyminfoPath(pathname: string): SyminfoPath | null {
  const [, name = '', id = ''] = PATH.exec(pathname) ?? []
  try {
    return name === '' ? null : { name: decodeURIComponent(name), id: id.toUpperCase() }
  } catch {
    return null
  }
}

/**
 * GET /api/syminfo/<file>/<hex id> (specs/symbols.md 2.1): what the newest sym file says of the module. `url` is where that file downloads: at the
 * peer it lacks `.sym` for every module but a `.pdb`, and leads nowhere. `?try` counts try symbols too, where there is no regular one.
 */
export async function showSyminfo(request: Request, { name, id }: SyminfoPath, deps: SyminfoDeps): Promise<Response> {
  const alsoTry = new URL(request.url).searchParams.has('try')
  const file = await deps.books.symFileOf(name, id, alsoTry)
  if (file === null) return notFound('Code file / id Not Found')
  const body = {
    debug_id: file.debugId,
    debug_filename: file.debugFile,
    code_file: file.codeFile,
    code_id: file.codeId,
    generator: file.generator,
    url: downloadUrl(request, deps.urlBase, file),
  }
  return Response.json(body, { headers: { ...DOWNLOAD_HEADERS, 'Cache-Control': 'no-cache' } })
}
