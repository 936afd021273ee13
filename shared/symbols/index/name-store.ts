import { ByteWriter } from './byte-writer.ts'
import { IdSet } from './id-set.ts'
import { type BlockPlace, deflateBlock, type IndexFile, inflateUnchecked } from './index-file.ts'
import { NamePage, NamePageWriter } from './name-page.ts'

/** Names in a page of the file, before compression: what one more read of a lookup brings. */
const PAGE_BYTES = 4 * 1024
/** Names in a page that stays in memory: these compress a third better. */
const HELD_PAGE_BYTES = 32 * 1024
/** Names that wait for their page: enough to bring those into order that are defined in any order. */
const MAX_WAITING_BYTES = 256 * 1024
const MAX_WAITING_NAMES = 16 * 1024
/** Text that is worth unpacking a page, and how many may be saved up. */
const TEXT_BYTES_AN_UNPACK = 16 * 1024
const MAX_UNPACKS = 64
/** Pages that one table may have: their places stay in memory. */
const MAX_PAGES = 131_072
/** Names that changed after they were used; beyond, all of them are taken to be. */
const MAX_CHANGED = 4_096

/** A page that a reader can find. */
export interface PlacedPage extends BlockPlace {
  readonly firstId: number
  readonly lastId: number
}

/** Where a reader finds names that blocks do not hold. */
export interface NameDirectory {
  /** Pages in ascending order. Where layers disagree, a later one is right: its definitions came later in the file. */
  readonly layers: readonly (readonly PlacedPage[])[]
  /** Ids whose names changed after blocks took them in: only the pages are right. 'all': too many to tell. */
  readonly changed: readonly number[] | 'all'
}

/** A page that lies compressed in memory, or in the file. */
type Page =
  | { readonly kind: 'held'; readonly firstId: number; readonly lastId: number; readonly held: Held }
  | { readonly kind: 'placed'; readonly firstId: number; readonly lastId: number; readonly place: BlockPlace }

/**
 * The names of one table (FILE or INLINE_ORIGIN) while an index is built. The last definition of an id holds, wherever in the file it stands, so nothing is certain
 * before the end: a block either takes a name in, or leaves it to the pages, which are found by id in the finished index.
 *
 * Names wait until 256 KB of them are there, are put in order, packed into pages and compressed. Up to `maxHeldBytes` the pages stay in memory, so that blocks can
 * take names in, and only what blocks left to them is written at the end. After that they go to the file at once and blocks leave their names to them. Names that are
 * defined again go into a layer of their own.
 */
export class NameStore {
  readonly #file: IndexFile
  #maxHeldBytes: number
  readonly #maxUnpackedBytes: number
  #held = new HeldBytes()
  readonly #waiting = new ByteWriter(1024)
  #waitingIds: number[] = []
  #waitingEnds: number[] = []
  readonly #packer = new NamePageWriter()
  #pages = 0
  readonly #layers: Page[][] = [[]]
  readonly #unpacked = new Map<Page, Unpacked>()
  #unpackedBytes = 0
  #unpacksLeft = MAX_UNPACKS
  #refused = 0
  readonly #taken = new IdSet()
  readonly #left = new IdSet()
  readonly #changed = new Set<number>()
  #names = 0
  #nameBytes = 0

  /** `maxHeldBytes`: compressed pages that stay in memory. `maxUnpackedBytes`: those that are kept unpacked beside them. */
  constructor(file: IndexFile, maxHeldBytes: number, maxUnpackedBytes: number) {
    this.#file = file
    this.#maxHeldBytes = maxHeldBytes
    this.#maxUnpackedBytes = maxUnpackedBytes
  }

  /** More names than an index can place. */
  get isTooLarge(): boolean {
    return this.#pages > MAX_PAGES
  }

  /** Bytes of a name on average. */
  get averageBytes(): number {
    return this.#names === 0 ? 0 : this.#nameBytes / this.#names
  }

  /** How often a name that is in memory was not given because too many pages had been unpacked. */
  get refused(): number {
    return this.#refused
  }

  define(id: number, bytes: Uint8Array, start: number, end: number): void {
    this.#waiting.copy(bytes, start, end)
    this.#waitingIds.push(id)
    this.#waitingEnds.push(this.#waiting.length)
    this.#names++
    this.#nameBytes += end - start
    if (this.#waiting.length >= MAX_WAITING_BYTES || this.#waitingIds.length >= MAX_WAITING_NAMES) this.#pack()
  }

  /** Whether a block has taken this name in. */
  isTaken(id: number): boolean {
    return this.#taken.has(id)
  }

  /** Allows as many more pages to be unpacked as that much text justifies: names used all over the table would cost a page each. */
  allowUnpacking(textBytes: number): void {
    this.#unpacksLeft = Math.min(MAX_UNPACKS, this.#unpacksLeft + textBytes / TEXT_BYTES_AN_UNPACK)
  }

  /** The name as of now, for a block that takes it in. Null: not defined so far, or not in memory, or not worth unpacking its page. */
  take(id: number): Uint8Array | null {
    this.#pack()
    for (let layer = this.#layers.length - 1; layer >= 0; layer--) {
      const page = pageOf(this.#layers[layer] ?? [], id)
      if (page === null) continue
      const names = this.#unpack(page)
      if (names === null) return null
      const name = names.get(id)
      if (name === null) continue
      return this.#taken.add(id) ? name : null
    }
    return null
  }

  /** Notes that a block leaves this name to the pages. */
  leave(id: number): void {
    this.#left.add(id)
  }

  /** Writes all names to the file and frees their memory: no block takes any in again. */
  async release(): Promise<void> {
    if (this.#maxHeldBytes === 0) return
    this.#pack()
    for (const [number, layer] of this.#layers.entries()) {
      const placed: PlacedPage[] = []
      for (const page of layer) {
        await this.#file.drain()
        if (page.kind === 'placed') this.#endPage(placed)
        if (page.kind === 'placed') placed.push({ firstId: page.firstId, lastId: page.lastId, ...page.place })
        else this.#write(page.held, placed, () => true)
      }
      this.#endPage(placed)
      this.#layers[number] = placed.map(({ firstId, lastId, offset, length }) => {
        return { kind: 'placed', firstId, lastId, place: { offset, length } }
      })
    }
    this.#unpacked.clear()
    this.#unpackedBytes = 0
    this.#held = new HeldBytes()
    this.#maxHeldBytes = 0
  }

  /** Writes the names that blocks have left to the pages, and that are not in the file yet. Call it when all names are defined and all blocks are built. */
  async finish(): Promise<NameDirectory> {
    this.#pack()
    const layers: PlacedPage[][] = []
    for (const layer of this.#layers) {
      const placed: PlacedPage[] = []
      for (const page of layer) {
        if (page.kind === 'placed') {
          this.#endPage(placed)
          placed.push({ firstId: page.firstId, lastId: page.lastId, ...page.place })
        } else {
          this.#write(page.held, placed, (id) => this.#isLeft(id))
        }
        await this.#file.drain()
      }
      this.#endPage(placed)
      layers.push(placed)
    }
    await this.#file.drain()
    return { layers, changed: this.#areAllChanged ? 'all' : [...this.#changed].toSorted((a, b) => a - b) }
  }

  get #areAllChanged(): boolean {
    return this.#changed.size >= MAX_CHANGED
  }

  #isLeft(id: number): boolean {
    return this.#left.has(id) || !IdSet.holds(id) || this.#changed.has(id) || this.#areAllChanged
  }

  /** Writes those names of a page that are wanted. */
  #write(held: Held, placed: PlacedPage[], isWanted: (id: number) => boolean): void {
    const page = new NamePage(inflateUnchecked(this.#held.get(held)))
    for (const { id, name } of page.all()) {
      if (!isWanted(id)) continue
      this.#packer.add(id, name, 0, name.length)
      if (this.#packer.bytes >= PAGE_BYTES) this.#endPage(placed)
    }
  }

  #endPage(placed: PlacedPage[]): void {
    if (this.#packer.names === 0) return
    const { firstId, lastId } = this.#packer
    placed.push({ firstId, lastId, ...this.#file.put(this.#packer.page()) })
  }

  /** Brings what waits into order and packs it. */
  #pack(): void {
    const ids = this.#waitingIds
    if (ids.length === 0) return
    const text = this.#waiting.written()
    const pages: Page[] = []
    for (const index of lastOfEach(ids)) {
      const id = ids[index] ?? 0
      const start = index === 0 ? 0 : (this.#waitingEnds[index - 1] ?? 0)
      this.#packer.add(id, text, start, this.#waitingEnds[index] ?? 0)
      if (this.#taken.has(id) && !this.#areAllChanged) this.#changed.add(id)
      const isHeld = this.#held.bytes < this.#maxHeldBytes
      if (this.#packer.bytes >= (isHeld ? HELD_PAGE_BYTES : PAGE_BYTES)) pages.push(this.#packed())
    }
    if (this.#packer.names > 0) pages.push(this.#packed())
    this.#waitingIds = []
    this.#waitingEnds = []
    this.#waiting.shrink(MAX_WAITING_BYTES)
    this.#addToLayer(pages)
  }

  #packed(): Page {
    const { firstId, lastId } = this.#packer
    const raw = this.#packer.page()
    const deflated = deflateBlock(raw)
    this.#pages++
    if (this.#held.bytes >= this.#maxHeldBytes) {
      return { kind: 'placed', firstId, lastId, place: this.#file.putDeflated(deflated) }
    }
    const page: Page = { kind: 'held', firstId, lastId, held: this.#held.add(deflated) }
    this.#keepUnpacked(page, { raw: raw.slice(), names: null })
    return page
  }

  /** Into the newest layer where none of its pages is in the way, else into a new one. */
  #addToLayer(pages: Page[]): void {
    const newest = this.#layers.at(-1) ?? []
    const from = pages[0]?.firstId ?? 0
    const to = pages.at(-1)?.lastId ?? 0
    const position = firstAbove(newest, from)
    const before = newest[position - 1]
    const after = newest[position]
    if ((before === undefined || before.lastId < from) && (after === undefined || after.firstId > to)) {
      newest.splice(position, 0, ...pages)
    } else {
      this.#layers.push(pages)
    }
  }

  #unpack(page: Page): NamePage | null {
    let unpacked = this.#unpacked.get(page)
    if (unpacked === undefined) {
      if (page.kind === 'placed') return null
      if (this.#unpacksLeft < 1) {
        this.#refused++
        return null
      }
      this.#unpacksLeft--
      unpacked = { raw: inflateUnchecked(this.#held.get(page.held)), names: null }
      this.#keepUnpacked(page, unpacked)
    }
    unpacked.names ??= new NamePage(unpacked.raw)
    return unpacked.names
  }

  #keepUnpacked(page: Page, unpacked: Unpacked): void {
    this.#unpacked.set(page, unpacked)
    this.#unpackedBytes += unpacked.raw.length
    for (const [oldest, { raw }] of this.#unpacked) {
      if (this.#unpackedBytes <= this.#maxUnpackedBytes || oldest === page) return
      this.#unpacked.delete(oldest)
      this.#unpackedBytes -= raw.length
    }
  }
}

/** A page as it was before compression; its names once one of them was wanted. */
interface Unpacked {
  readonly raw: Uint8Array
  names: NamePage | null
}

/** Where bytes are held. */
interface Held {
  readonly chunk: Uint8Array
  readonly start: number
  readonly end: number
}

const HELD_CHUNK_BYTES = 256 * 1024

/** Many small pieces of bytes in few large ones: an array each would cost more than most pages. */
class HeldBytes {
  #chunk = new Uint8Array(0)
  #used = 0
  bytes = 0

  add(bytes: Uint8Array): Held {
    if (this.#used + bytes.length > this.#chunk.length) {
      this.#chunk = new Uint8Array(Math.max(HELD_CHUNK_BYTES, bytes.length))
      this.#used = 0
      this.bytes += this.#chunk.length
    }
    this.#chunk.set(bytes, this.#used)
    this.#used += bytes.length
    return { chunk: this.#chunk, start: this.#used - bytes.length, end: this.#used }
  }

  get({ chunk, start, end }: Held): Uint8Array {
    return chunk.subarray(start, end)
  }
}

/** Positions of the ids in ascending order, of equal ids the last only. */
function lastOfEach(ids: readonly number[]): number[] {
  let ascending = true
  for (let index = 1; index < ids.length && ascending; index++) ascending = (ids[index - 1] ?? 0) < (ids[index] ?? 0)
  const order = ids.map((_, index) => index)
  if (ascending) return order
  order.sort((a, b) => (ids[a] ?? 0) - (ids[b] ?? 0) || a - b)
  return order.filter((index, position) => ids[index] !== ids[order[position + 1] ?? -1])
}

function pageOf(layer: readonly Page[], id: number): Page | null {
  const page = layer[firstAbove(layer, id) - 1]
  return page !== undefined && id <= page.lastId ? page : null
}

/** The position of the first page that begins above the id. */
function firstAbove(pages: readonly Page[], id: number): number {
  let low = 0
  for (let high = pages.length; low < high; ) {
    const middle = (low + high) >>> 1
    if ((pages[middle]?.firstId ?? 0) <= id) low = middle + 1
    else high = middle
  }
  return low
}
