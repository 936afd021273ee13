import { setTimeout as sleep } from 'node:timers/promises'
import { MAX_PARTIAL_BYTES, MAX_PARTIAL_BYTES_AN_ADDRESS } from '#shared/limits.ts'
import { DecodedBlocks } from '#shared/symbols/index/block-cache.ts'
import type { SymbolAt } from '#shared/symbols/index/symbol-index.ts'
import { partialText } from '#shared/symbols/partial-answer.ts'
import type { LookupRequest, NoSymbols, PartialOutcome } from '#shared/symbols/symbols-rpc.ts'
import { type LocalSymFile, listSymFiles } from './local-symbols-folder.ts'
import { type LocalIndex, openLocalIndex } from './local-symbols-index.ts'

/** Decoded blocks that are held at once. */
const MAX_BLOCK_BYTES = 256 * 1024 * 1024
/** A stackwalker that asks waits this long for indexes to be built, then it is told to ask again: its own deadline is 10 s. */
const INDEXING_PATIENCE_MS = 5_000
const INDEXING_RETRY_AFTER_SECONDS = 1

/** Told how far the index of a file is. */
export type Building = (file: LocalSymFile, readBytes: number, totalBytes: number) => void

/** What lies at addresses of one local module. */
export type LocalLookup = { readonly kind: 'found'; readonly symbols: readonly SymbolAt[] } | NoSymbols

/** The sym files of a folder, looked up as the symbol server does with those that were uploaded. */
export class LocalSymbols {
  readonly files: readonly LocalSymFile[]
  readonly #byModule = new Map<string, LocalSymFile>()
  readonly #opened = new Map<string, Promise<LocalIndex>>()
  readonly #blocks = new DecodedBlocks(MAX_BLOCK_BYTES)
  readonly #cacheFolder: string
  readonly #building: Building
  /** One index is built at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  /** Throws what the file system throws for the folder. */
  constructor(folder: string, cacheFolder: string, building: Building) {
    this.files = listSymFiles(folder)
    this.#cacheFolder = cacheFolder
    this.#building = building
    for (const file of this.files) {
      const key = moduleKey(file.debugFile, file.debugId)
      if (!this.#byModule.has(key)) this.#byModule.set(key, file)
    }
  }

  /** Throws what the file system throws. */
  async lookup({ debug_file, debug_id, addresses }: LookupRequest): Promise<LocalLookup> {
    const file = this.#byModule.get(moduleKey(debug_file, debug_id))
    if (file === undefined) return { kind: 'missing' }
    const opened = await this.#open(file)
    if (opened.kind === 'corrupt') return opened
    return { kind: 'found', symbols: await opened.index.lookup(addresses) }
  }

  /** One outcome a module, in order, all texts together within what one answer may have. Throws what the file system throws. */
  async partial(requests: readonly LookupRequest[]): Promise<readonly PartialOutcome[]> {
    const outcomes: PartialOutcome[] = []
    let left = MAX_PARTIAL_BYTES
    const patience = sleep(INDEXING_PATIENCE_MS, null, { ref: false })
    for (const [at, request] of requests.entries()) {
      const share = Math.floor(left / (requests.length - at))
      const outcome = await this.#partialModule(
        request,
        Math.min(share, request.addresses.length * MAX_PARTIAL_BYTES_AN_ADDRESS),
        patience,
      )
      left -= outcome.kind === 'found' ? Buffer.byteLength(outcome.sym) : 0
      outcomes.push(outcome)
    }
    return outcomes
  }

  async close(): Promise<void> {
    for (const opening of this.#opened.values()) {
      const opened = await opening.catch(() => null)
      if (opened?.kind === 'open') await opened.close()
    }
  }

  async #partialModule(request: LookupRequest, mostBytes: number, patience: Promise<null>): Promise<PartialOutcome> {
    const file = this.#byModule.get(moduleKey(request.debug_file, request.debug_id))
    if (file === undefined) return { kind: 'missing' }
    const opened = await Promise.race([this.#open(file), patience])
    if (opened === null) return { kind: 'indexing', retry_after_seconds: INDEXING_RETRY_AFTER_SECONDS }
    if (opened.kind === 'corrupt') return opened
    return partialText(opened.index, request.addresses, mostBytes)
  }

  #open(file: LocalSymFile): Promise<LocalIndex> {
    const known = this.#opened.get(file.path)
    if (known !== undefined) return known
    const opening = this.#turn.then(() =>
      openLocalIndex(file.path, this.#cacheFolder, this.#blocks, (readBytes, totalBytes) =>
        this.#building(file, readBytes, totalBytes),
      ),
    )
    this.#turn = opening.catch(() => undefined)
    this.#opened.set(file.path, opening)
    return opening
  }
}

function moduleKey(debugFile: string, debugId: string): string {
  return `${debugFile}/${debugId.toUpperCase()}`
}
