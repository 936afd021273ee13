import type { BlockCache } from './symbol-index.ts'

interface Held {
  readonly block: unknown
  readonly bytes: number
}

/** Of the budget, what is small: an answer, a page of names. A read is saved by each as by a block, at a tenth of the bytes, */
const SMALL_SHARE = 1 / 2_048
/** so blocks make room before they do, up to this share of the budget. */
const SMALL_ONES_SHARE = 1 / 4

/**
 * A block cache that forgets what was used longest ago once it holds more than `maxBytes`: large blocks first, small ones once they are a quarter of it. A load that
 * fails is not kept.
 */
export class DecodedBlocks implements BlockCache {
  readonly #maxBytes: number
  readonly #loading = new Map<string, Promise<unknown>>()
  readonly #large = new OldestFirst()
  readonly #small = new OldestFirst()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** What it holds now. */
  get bytes(): number {
    return this.#large.bytes + this.#small.bytes
  }

  /** What is there at once, without a load; null where it is not. */
  held<Block>(key: string): { readonly block: Block } | null {
    const held = this.#small.use(key) ?? this.#large.use(key)
    // The key names the content and the kind of block, so what lies under it is of the type that its loader makes.
    return held === null ? null : (held as { readonly block: Block })
  }

  /** Keeps what was loaded elsewhere, in place of what is there. */
  keep<Block>(key: string, held: { readonly block: Block; readonly bytes: number }): void {
    this.#small.forget(key)
    this.#large.forget(key)
    const isSmall = held.bytes <= this.#maxBytes * SMALL_SHARE
    const kept = isSmall ? this.#small : this.#large
    kept.add(key, held)
    this.#small.forgetAbove(this.#maxBytes * SMALL_ONES_SHARE)
    this.#large.forgetAbove(this.#maxBytes - this.#small.bytes)
  }

  get<Block>(key: string, load: () => Promise<{ readonly block: Block; readonly bytes: number }>): Promise<Block> {
    const held = this.held<Block>(key)
    if (held !== null) return Promise.resolve(held.block)
    // As above.
    const others = this.#loading.get(key) as Promise<Block> | undefined
    if (others !== undefined) return others
    const mine = this.#load(key, load)
    this.#loading.set(key, mine)
    return mine
  }

  async #load<Block>(key: string, load: () => Promise<{ readonly block: Block; readonly bytes: number }>) {
    try {
      const loaded = await load()
      this.keep(key, loaded)
      return loaded.block
    } finally {
      this.#loading.delete(key)
    }
  }
}

/** Blocks in the order of their last use. */
class OldestFirst {
  readonly #held = new Map<string, Held>()
  bytes = 0

  use(key: string): Held | null {
    const held = this.#held.get(key)
    if (held === undefined) return null
    this.#held.delete(key)
    this.#held.set(key, held)
    return held
  }

  add(key: string, held: Held): void {
    this.#held.set(key, held)
    this.bytes += held.bytes
  }

  forget(key: string): void {
    this.bytes -= this.#held.get(key)?.bytes ?? 0
    this.#held.delete(key)
  }

  forgetAbove(maxBytes: number): void {
    for (const key of this.#held.keys()) {
      if (this.bytes <= maxBytes) return
      this.forget(key)
    }
  }
}
