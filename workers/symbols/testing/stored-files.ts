import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import type { SymHeader } from '#shared/breakpad/sym-header.ts'
import { symbolFileRepository } from '#shared/db/symbol-files.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import { MAX_INDEX_CACHE_BYTES } from '#shared/limits.ts'
import { HeldBytes } from '#shared/symbols/held-bytes.ts'
import { DecodedBlocks } from '#shared/symbols/index/block-cache.ts'
import { buildStoredIndex, type IndexBuildOutcome } from '#shared/symbols/index-build.ts'
import { isSymFile, parseSymbolKey, type SymbolKey, symbolObjectKey } from '#shared/symbols/key.ts'
import { symbolPutOptions } from '#shared/symbols/stored-symbol.ts'
import { CodeLookups } from '../code-lookup.ts'
import { IndexRequests } from '../index-requests.ts'
import { PartialRoom } from '../partial-room.ts'
import type { PartialDeps } from '../partial-routes.ts'
import { answerRead, type ReadDeps } from '../reads.ts'
import { SymbolIndexes } from '../symbol-indexes.ts'

/** What the download tests share: files as an upload leaves them in R2 and D1, and requests for them. */

const db = drizzle(env.DB)
const NOW_MS = Date.UTC(2026, 10, 23)

export interface StoredFileOptions {
  readonly trySymbols?: boolean
  /** The module of the file's MODULE and INFO lines. */
  readonly header?: Partial<SymHeader>
  /** False: the books know the file, the bucket does not. */
  readonly inBucket?: boolean
}

/** Stores a file under its key as an upload does: sym files as gzip, with their row. Answers the stored bytes. */
export async function storeFile(
  keyText: string,
  content: string | Uint8Array,
  { trySymbols = false, header, inBucket = true }: StoredFileOptions = {},
): Promise<Uint8Array> {
  const key = parseSymbolKey(keyText)
  if (key === null) throw new Error(`${keyText} is no key`)
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  const stored = isSymFile(key) ? await gzip(bytes) : bytes
  const objectKey = symbolObjectKey(key, trySymbols)
  const facts = { originalBytes: bytes.length, md5: '0'.repeat(32), uploadId: 1, update: false }
  if (inBucket) await env.SYMBOLS.put(objectKey, stored, symbolPutOptions(key, facts))
  const module = { debugFile: 'x', debugId: 'X', codeFile: null, codeId: null, generator: null, ...header }
  await uploadRepository(db).addFiles(nextUploadId++, [
    {
      objectKey,
      storedBytes: stored.length,
      originalBytes: bytes.length,
      compressed: isSymFile(key),
      update: false,
      header: header === undefined ? null : module,
      health: null,
      createdAtMs: NOW_MS,
    },
  ])
  return stored
}

let nextUploadId = 1

export async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const zipped = new Response(bytes).body?.pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(zipped).arrayBuffer())
}

/** Builds the index of a stored sym file, as the indexer does. */
export function indexFile(keyText: string, trySymbols = false): Promise<IndexBuildOutcome> {
  const key = parseSymbolKey(keyText)
  if (key === null) throw new Error(`${keyText} is no key`)
  return buildStoredIndex({ bucket: env.SYMBOLS, held: new HeldBytes() }, symbolObjectKey(key, trySymbols))
}

/** Index reads of an isolate that knows nothing yet, and what they sent and logged. */
export function indexReadsRig(note: (key: SymbolKey) => unknown, change: Partial<PartialDeps> = {}) {
  const sent: string[] = []
  const logged: string[] = []
  const deps: PartialDeps = {
    bucket: env.SYMBOLS,
    indexes: new SymbolIndexes(new DecodedBlocks(MAX_INDEX_CACHE_BYTES)),
    requests: new IndexRequests(() => NOW_MS),
    room: new PartialRoom(() => NOW_MS),
    misses: { note },
    queue: { send: async ({ object_key }) => sent.push(object_key) },
    clock: () => NOW_MS,
    log: (_stage, outcome) => logged.push(outcome),
    isPrivate: false,
    ...change,
  }
  return { deps, sent, logged }
}

/** The read side with fresh lookups, and the keys of the requests that it counted as misses. */
export function readsRig(change: Partial<ReadDeps> = {}) {
  const missed: SymbolKey[] = []
  const deps: ReadDeps = {
    bucket: env.SYMBOLS,
    files: symbolFileRepository(db),
    tokens: tokenRepository(db),
    lookups: new CodeLookups(),
    misses: { note: (key) => missed.push(key) },
    clock: () => NOW_MS,
    isPrivate: false,
    bucketUrl: '',
    partial: indexReadsRig((key) => missed.push(key)).deps,
    ...change,
  }
  return {
    deps,
    missed,
    get(pathAndQuery: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Response> {
      return answerRead(
        new Request(`http://symbols.test${pathAndQuery}`, { method, headers, redirect: 'manual' }),
        deps,
      )
    },
  }
}
