import { notFound } from './download-answer.ts'
import { type FileOfIdDeps, findFileOfId } from './file-of-id.ts'
import { sendStoredFile } from './stored-file.ts'

/** A request of gdb, elfutils and other debuginfod clients. */
export interface DebuginfodPath {
  /** As it was sent: maybe no build id at all, which is then not found. */
  readonly buildId: string
  readonly asked: 'debuginfo' | 'executable' | 'source' | 'section'
  readonly alsoTry: boolean
}

const DEBUGINFOD_PATH = /^(\/try)?\/buildid\/([0-9A-Fa-f]+)\/(?:(debuginfo|executable)|(source|section)\/.+)$/

/**
 * Reads `/buildid/<build id>/debuginfo`, `/executable`, `/source/<path>`, `/section/<name>`, also under `/try`; null
 * for every other path.
 */
export function parseDebuginfodPath(pathname: string): DebuginfodPath | null {
  const [, tryPrefix, buildId, file, more] = DEBUGINFOD_PATH.exec(pathname) ?? []
  const asked = file ?? more
  if (buildId === undefined || !isAsked(asked)) return null
  return { buildId, asked, alsoTry: tryPrefix !== undefined }
}

function isAsked(text: string | undefined): text is DebuginfodPath['asked'] {
  return text === 'debuginfo' || text === 'executable' || text === 'source' || text === 'section'
}

/**
 * Answers GET and HEAD of a debuginfod path with the stored ELF file and the headers that its clients print. Source
 * files are not stored by any upload, so each is a 404; a section is one too, and the client then asks for the whole
 * file. Throws when R2 or D1 fails.
 */
export async function answerDebuginfod(
  request: Request,
  path: DebuginfodPath,
  deps: FileOfIdDeps & { readonly isPrivate: boolean },
): Promise<Response> {
  switch (path.asked) {
    case 'source':
      return notFound('Not Found: no source files are stored')
    case 'section':
      return notFound('Not Found: sections are not served alone, ask for debuginfo or executable')
    case 'debuginfo':
    case 'executable': {
      const found = await findFileOfId(deps, path.buildId, path.asked, path.alsoTry)
      if (found === null) return notFound(`Not Found: no ${path.asked} of this build id is stored`)
      const { objectKey, isGzipFile } = found
      const headers = {
        'X-DEBUGINFOD-FILE': encodeURI(found.file),
        // The size of the file itself, which is not that of a gzip of it.
        ...(isGzipFile ? {} : { 'X-DEBUGINFOD-SIZE': String(found.bytes) }),
      }
      const sent = await sendStoredFile(request, deps.bucket, objectKey, {
        isPrivate: deps.isPrivate,
        isGzipFile,
        headers,
      })
      return sent ?? notFound(`Not Found: no ${path.asked} of this build id is stored`)
    }
  }
}
