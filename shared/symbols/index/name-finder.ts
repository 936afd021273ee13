import type { BlockReads } from './block-reads.ts'
import type { LocalNames } from './local-names.ts'
import { NamePage } from './name-page.ts'
import type { NameDirectory, PlacedPage } from './name-store.ts'
import { utf8 } from './utf8.ts'

/** A name that a block took in, or the id under which the pages have it. */
export type NameRef = { readonly id: number; readonly name: string } | { readonly id: number; readonly name: null }

/** Finds the names of one table. */
export class NameFinder {
  readonly #layers: readonly (readonly PlacedPage[])[]
  readonly #changed: ReadonlySet<number> | 'all'
  readonly #reads: BlockReads

  constructor({ layers, changed }: NameDirectory, reads: BlockReads) {
    this.#layers = layers.toReversed()
    this.#changed = changed === 'all' ? 'all' : new Set(changed)
    this.#reads = reads
  }

  /** The name at a position of a block, as far as the block knows it. */
  ref(names: LocalNames, position: number): NameRef {
    const id = names.id(position)
    const isOld = this.#changed === 'all' || this.#changed.has(id)
    return { id, name: isOld ? null : names.name(position) }
  }

  /** The names of ids that blocks left to the pages; those that the file never defines are missing in the answer. */
  async names(ids: Iterable<number>): Promise<ReadonlyMap<number, string>> {
    const names = new Map<number, string>()
    let left = [...new Set(ids)]
    // One round for all files but those that define ids again.
    for (const layer of this.#layers) {
      if (left.length === 0) break
      const found = await Promise.all(left.map(async (id) => ({ id, name: await this.#nameIn(layer, id) })))
      for (const { id, name } of found) if (name !== null) names.set(id, name)
      left = left.filter((id) => !names.has(id))
    }
    return names
  }

  async #nameIn(layer: readonly PlacedPage[], id: number): Promise<string | null> {
    let low = 0
    for (let high = layer.length; low < high; ) {
      const middle = (low + high) >>> 1
      if ((layer[middle]?.firstId ?? 0) <= id) low = middle + 1
      else high = middle
    }
    const page = layer[low - 1]
    if (page === undefined || id > page.lastId) return null
    const names = await this.#reads.get(page, NamePage)
    const name = names.get(id)
    return name === null ? null : utf8(name)
  }
}
