import type { BlockCache } from './symbol-index.ts'

interface Kept {
  readonly block: Promise<unknown>
  bytes: number
}

/** A block cache that forgets what was used longest ago once it holds more than `maxBytes`. A load that fails is not kept. */
export class DecodedBlocks implements BlockCache {
  readonly #maxBytes: number
  readonly #kept = new Map<string, Kept>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** What it holds now. */
  get bytes(): number {
    return this.#bytes
  }

  get<Block>(key: string, load: () => Promise<{ readonly block: Block; readonly bytes: number }>): Promise<Block> {
    const known = this.#kept.get(key)
    if (known !== undefined) {
      this.#kept.delete(key)
      this.#kept.set(key, known)
      // The key names the content and the kind of block, so what lies under it is of the type that its loader makes.
      return known.block as Promise<Block>
    }
    const loaded = load()
    const kept: Kept = { block: loaded.then(({ block }) => block), bytes: 0 }
    // Whoever waits hears of a failure; what is kept of it must not count as unheard.
    kept.block.catch(() => undefined)
    this.#kept.set(key, kept)
    return loaded.then(
      ({ block, bytes }) => {
        if (this.#kept.get(key) === kept) {
          kept.bytes = bytes
          this.#bytes += bytes
          this.#forgetOldest()
        }
        return block
      },
      (thrown: unknown) => {
        if (this.#kept.get(key) === kept) this.#kept.delete(key)
        throw thrown
      },
    )
  }

  #forgetOldest(): void {
    for (const [key, kept] of this.#kept) {
      if (this.#bytes <= this.#maxBytes) return
      // One that is still loading weighs nothing yet.
      if (kept.bytes === 0) continue
      this.#kept.delete(key)
      this.#bytes -= kept.bytes
    }
  }
}
