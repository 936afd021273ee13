import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { DeclaredFile } from '#shared/symbols/declared-content.ts'
import { type OpenedUpload, openedSchema } from './symbol-parts.ts'
import type { UploadTarget } from './symbol-upload.ts'

/** The uploads that a run began and did not end, one small file each, so that the next run of the same command goes on with them. */
export interface BegunUploads {
  find(target: UploadTarget, files: readonly DeclaredFile[]): OpenedUpload | null
  save(target: UploadTarget, files: readonly DeclaredFile[], opened: OpenedUpload): void
  forget(target: UploadTarget, files: readonly DeclaredFile[]): void
}

/** Remembers nothing: for a caller whose files are sent again at no cost. */
export const NO_BEGUN_UPLOADS: BegunUploads = { find: () => null, save: () => undefined, forget: () => undefined }

/** The user's cache folder, as the XDG base directories say. */
export function begunUploadsFolder(environment: NodeJS.ProcessEnv): string {
  return path.join(environment.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'mayday', 'uploads')
}

/** Begun uploads in a folder. What cannot be read or written is as if it were not there: the files are sent anew. */
export function begunUploadsIn(folder: string, nowMs: () => number): BegunUploads {
  return {
    find(target, files) {
      const begun = read(fileOf(folder, target, files))
      const isLive = begun?.files.every(({ action }) => action.type !== 'upload' || action.expires_at * 1_000 > nowMs())
      return begun !== null && isLive === true ? begun : null
    },
    save(target, files, opened) {
      try {
        mkdirSync(folder, { recursive: true })
        writeFileSync(fileOf(folder, target, files), JSON.stringify(opened), { mode: 0o600 })
      } catch {
        // A read-only home: this run works, the next begins anew.
      }
    },
    forget: (target, files) => rmSync(fileOf(folder, target, files), { force: true }),
  }
}

function read(file: string): OpenedUpload | null {
  try {
    return openedSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}

/** The same files to the same server by the same token are the same upload. */
function fileOf(folder: string, { origin, token, trySymbols }: UploadTarget, files: readonly DeclaredFile[]): string {
  const what = JSON.stringify([
    origin,
    token,
    trySymbols,
    files.map(({ key, sizeBytes, md5 }) => [key, sizeBytes, md5]),
  ])
  return path.join(folder, `${createHash('sha256').update(what).digest('hex')}.json`)
}
