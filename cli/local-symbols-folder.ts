import { closeSync, globSync, openSync, readSync } from 'node:fs'
import path from 'node:path'
import { constants, gunzipSync } from 'node:zlib'

/** A sym file of a folder, and the module that it is of. */
export interface LocalSymFile {
  readonly path: string
  readonly debugFile: string
  /** Upper-case. */
  readonly debugId: string
  /** The code file that its INFO CODE_ID line names, such as `xul.dll`. */
  readonly codeFile: string | null
}

/** The MODULE line is the first, INFO CODE_ID mostly the second. */
const HEAD_BYTES = 4 * 1024
const MODULE = /^MODULE[ \t]+\S+[ \t]+\S+[ \t]+([0-9A-Fa-f]{1,80})[ \t]+([^\r\n]+)/
const CODE_ID = /^INFO CODE_ID [^ \t\r\n]+[ \t]+([^\r\n]+)/m
/** `<debug file>/<debug id>/<file>.sym`, as symbol stores lie on disks. */
const STORED = /([^/]+)\/([0-9A-Fa-f]{1,80})\/[^/]+$/

/**
 * The sym files (`.sym`, `.sym.gz`) under a folder, at any depth, in order of their paths. A file in a symbol store's place is of the module that its path names, any
 * other of the one that its MODULE line names; files with neither are left out. Throws what the file system throws for the folder itself.
 */
export function listSymFiles(folder: string): readonly LocalSymFile[] {
  const found = globSync(['**/*.sym', '**/*.sym.gz'], { cwd: folder }).sort()
  return found.flatMap((relative) => symFileAt(path.resolve(folder, relative), relative) ?? [])
}

function symFileAt(file: string, relative: string): LocalSymFile | null {
  const head = readHead(file)
  if (head === null) return null
  const module = MODULE.exec(head)
  const [, storedFile, storedId] = STORED.exec(relative.replaceAll(path.sep, '/')) ?? []
  const debugId = storedId ?? module?.[1]
  const debugFile = storedFile ?? module?.[2]
  if (debugId === undefined || debugFile === undefined) return null
  return { path: file, debugFile, debugId: debugId.toUpperCase(), codeFile: CODE_ID.exec(head)?.[1] ?? null }
}

/** The first lines; null for what cannot be read, such as a folder named `a.sym`. */
function readHead(file: string): string | null {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch {
    return null
  }
  try {
    const bytes = Buffer.alloc(HEAD_BYTES)
    const head = bytes.subarray(0, readSync(descriptor, bytes, 0, HEAD_BYTES, 0))
    const isGzip = head[0] === 0x1f && head[1] === 0x8b
    return (isGzip ? gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH }) : head).toString('utf8')
  } catch {
    return null
  } finally {
    closeSync(descriptor)
  }
}
