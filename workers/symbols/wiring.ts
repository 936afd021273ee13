import { drizzle } from 'drizzle-orm/d1'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { missingSymbolsIn } from '#shared/db/missing-symbols.ts'
import { symbolFileRepository } from '#shared/db/symbol-files.ts'
import { symbolIndexBooks } from '#shared/db/symbol-indexes.ts'
import { symbolOwnersIn } from '#shared/db/symbol-owners.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { uploadBooks } from '#shared/db/upload-books.ts'
import { uploadPartRepository } from '#shared/db/upload-parts.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import { MAX_INDEX_CACHE_BYTES } from '#shared/limits.ts'
import { consoleLog } from '#shared/log.ts'
import { BuildTurn } from '#shared/symbols/build-turn.ts'
import { countedBucket } from '#shared/symbols/counted-bucket.ts'
import { HeldBytes } from '#shared/symbols/held-bytes.ts'
import { DecodedBlocks } from '#shared/symbols/index/block-cache.ts'
import { symbolsApp } from './app.ts'
import { CodeLookups } from './code-lookup.ts'
import { readDownloadHosts } from './download-url.ts'
import type { Env } from './env.ts'
import { IndexRequests } from './index-requests.ts'
import { MissSums } from './miss-sums.ts'
import { PartialRoom } from './partial-room.ts'
import type { ReadDeps } from './reads.ts'
import { type IndexReadDeps, SymbolIndexes } from './symbol-indexes.ts'

/** One an isolate each, so that they outlive a request. */
const partsInFlight = new HeldBytes()
const lookups = new CodeLookups()
const misses = new MissSums(systemClock)
const turn = new BuildTurn(systemClock)
const indexes = new SymbolIndexes(new DecodedBlocks(MAX_INDEX_CACHE_BYTES))
const requests = new IndexRequests(systemClock)
export const room = new PartialRoom(systemClock)

/** Downloads, partial symbol files and lookups by code id. */
export function readsOf(env: Env): ReadDeps {
  const db = drizzle(env.DB)
  const { SYMBOL_ACCESS, SYMBOL_DOWNLOAD_URL } = readConfig(env, 'SYMBOL_ACCESS', 'SYMBOL_DOWNLOAD_URL')
  return {
    bucket: env.SYMBOLS,
    files: symbolFileRepository(db),
    tokens: tokenRepository(db),
    lookups,
    misses,
    clock: systemClock,
    isPrivate: SYMBOL_ACCESS === 'private',
    bucketUrl: SYMBOL_DOWNLOAD_URL,
    partial: { ...indexReadsOf(env), room, isPrivate: SYMBOL_ACCESS === 'private' },
  }
}

/** Lookups in indexes. Made for each request: its operations in R2 are counted. */
export function indexReadsOf(env: Env): IndexReadDeps {
  const counted = countedBucket(env.SYMBOLS)
  return {
    bucket: counted.bucket,
    indexes,
    requests,
    misses,
    queue: env.UPLOAD_QUEUE,
    clock: systemClock,
    log: counted.counting(consoleLog),
  }
}

/** The HTTP surface. */
export function appOf(env: Env) {
  const db = drizzle(env.DB)
  const uploads = uploadRepository(db)
  const { MAYDAY_ENV, UPLOAD_BY_URL_HOSTS, UPLOAD_QUOTA_BYTES_PER_PRODUCT } = readConfig(
    env,
    'MAYDAY_ENV',
    'UPLOAD_BY_URL_HOSTS',
    'UPLOAD_QUOTA_BYTES_PER_PRODUCT',
  )
  // One app a request, so these are one request's operations.
  const counted = countedBucket(env.SYMBOLS)
  return symbolsApp({
    upload: {
      bucket: counted.bucket,
      uploads,
      parts: uploadPartRepository(db),
      owners: symbolOwnersIn(db, UPLOAD_QUOTA_BYTES_PER_PRODUCT),
      tokens: tokenRepository(db),
      download: {
        fetch: (url, init) => fetch(url, init),
        pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        hosts: readDownloadHosts(UPLOAD_BY_URL_HOSTS, MAYDAY_ENV === 'development'),
      },
      partsInFlight,
      randomBytes: systemRandomBytes,
      indexes: symbolIndexBooks(db),
      turn,
      queue: env.UPLOAD_QUEUE,
      clock: systemClock,
      log: counted.counting(consoleLog),
    },
    reads: readsOf(env),
    books: {
      books: uploadBooks(db),
      missing: missingSymbolsIn(db),
      tokens: tokenRepository(db),
      clock: systemClock,
      urlBase: readConfig(env, 'SYMBOL_URL_BASE').SYMBOL_URL_BASE,
    },
    heartbeat: [
      { name: 'R2 SYMBOLS', ask: () => env.SYMBOLS.head('heartbeat') },
      { name: 'D1 DB', ask: () => uploads.ping() },
      { name: 'queue UPLOAD_QUEUE', ask: () => env.UPLOAD_QUEUE.metrics() },
    ],
  })
}

/** After the answer: misses are written when a minute is over. */
export function flushMisses(env: Env, context: Pick<ExecutionContext, 'waitUntil'>): void {
  context.waitUntil(misses.flush(missingSymbolsIn(drizzle(env.DB)), consoleLog))
}
