import { type Address, lastAddress } from './address.ts'
import type { ByteReader } from './byte-reader.ts'
import { compareBytes } from './byte-writer.ts'
import { CfiGroup } from './cfi-block.ts'
import type { CfiRun } from './cfi-run.ts'
import { FunctionGroup } from './function-group.ts'
import type { FunctionRun } from './function-run.ts'
import type { PublicRun } from './public-run.ts'
import { RecordSorter } from './record-sorter.ts'
import type { SymRecords, WinFields } from './sym-records.ts'
import type { Kind } from './upper-index.ts'
import { type FixedWin, WinFixUp, type WinRun } from './win-run.ts'

/** Where the records of kinds that are sorted go. Only what is to be sorted is set. */
export interface SortedRuns {
  readonly functions?: FunctionRun
  readonly publics?: PublicRun
  readonly cfi?: CfiRun
  readonly framedata?: WinRun
  readonly fpo?: WinRun
}

/** For each kind that is not done: the address from which its records are still to come. */
export type SortedFrom = ReadonlyMap<Kind, Address>

/** Of records that start together the shortest counts, and of equal ones the first in the file. Their size is packed first. */
const isShorter = (later: ByteReader, earlier: ByteReader) => later.number() < earlier.number()

/** Of PUBLICs at one address the last by name and then parameters counts. */
function isLaterName(later: ByteReader, earlier: ByteReader): boolean {
  const [sizeA, sizeB] = [later.number(), earlier.number()]
  const order = compareBytes(later.bytes.subarray(later.at, later.end), earlier.bytes.subarray(earlier.at, earlier.end))
  return order > 0 || (order === 0 && sizeA > sizeB)
}

/**
 * One more reading of a file with kinds of records in no order: takes the lowest records that fit in memory from where the pass before ended, and hands them on in
 * order. What is in the file twice or overlaps is then decided as it is for any file.
 */
export class SortingPass implements SymRecords {
  readonly #runs: SortedRuns
  readonly #sorters = new Map<Kind, RecordSorter>()
  readonly #group = new FunctionGroup()
  #isInFunction = false
  readonly #cfiGroup = new CfiGroup()
  #isInCfi = false
  readonly #fixUps = { framedata: new WinFixUp(), fpo: new WinFixUp() }
  /** A record came that is too large to be sorted. */
  isTooLarge = false

  constructor(runs: SortedRuns, from: SortedFrom) {
    this.#runs = runs
    for (const [kind, address] of from) {
      this.#sorters.set(kind, new RecordSorter(address, from.size, kind === 'publics' ? isLaterName : isShorter))
    }
  }

  /** Hands on what this pass has, and says from where the next one goes on. */
  finish(): SortedFrom {
    this.#addWin('framedata', this.#fixUps.framedata.end())
    this.#addWin('fpo', this.#fixUps.fpo.end())
    const left = new Map<Kind, Address>()
    for (const [kind, sorter] of this.#sorters) {
      for (const record of sorter.records()) this.#handOn(kind, record)
      if (sorter.cut !== null) left.set(kind, sorter.cut)
    }
    return left
  }

  module(): void {}
  info(): void {}
  file(): void {}
  inlineOrigin(): void {}

  publicSymbol(address: Address, parameterSize: number, bytes: Uint8Array, start: number, end: number): void {
    const sorter = this.#sorters.get('publics')
    if (sorter === undefined || !sorter.wants(address)) return
    const fits = sorter.add(address, (packed) => {
      packed.signedAddress(address)
      packed.number(parameterSize)
      packed.copy(bytes, start, end)
    })
    if (!fits) this.isTooLarge = true
  }

  beginFunc(
    address: Address,
    size: number,
    parameterSize: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const sorter = this.#sorters.get('functions')
    this.#isInFunction = sorter?.wants(address) === true && lastAddress(address, size) !== null
    if (this.#isInFunction) this.#group.begin(address, size, parameterSize, bytes, start, end)
  }

  line(address: Address, size: number, line: number, file: number): void {
    if (this.#isInFunction) this.#group.addLine(address, size, line, file)
  }

  inline(depth: number, callLine: number, callFile: number, origin: number): void {
    if (this.#isInFunction) this.#group.addSite(depth, callLine, callFile, origin)
  }

  inlineRange(address: Address, size: number): void {
    if (this.#isInFunction) this.#group.addInline(address, size)
  }

  endFunc(textBytes: number): void {
    if (!this.#isInFunction) return
    const group = this.#group
    group.textBytes = textBytes
    group.resolve()
    const fits = this.#sorters.get('functions')?.add(group.start, (packed) => group.pack(packed))
    if (fits !== true || group.isTooLarge) this.isTooLarge = true
  }

  beginCfi(address: Address, size: number, bytes: Uint8Array, start: number, end: number): void {
    const sorter = this.#sorters.get('cfi')
    this.#isInCfi = sorter?.wants(address) === true && lastAddress(address, size) !== null
    if (this.#isInCfi) this.#cfiGroup.begin(address, size, bytes, start, end)
  }

  cfiRule(address: Address, bytes: Uint8Array, start: number, end: number): void {
    if (this.#isInCfi) this.#cfiGroup.add(address, bytes, start, end)
  }

  endCfi(textBytes: number): void {
    if (!this.#isInCfi) return
    const group = this.#cfiGroup
    group.textBytes = textBytes
    const fits = this.#sorters.get('cfi')?.add(group.start, (packed) => group.pack(packed))
    if (fits !== true) this.isTooLarge = true
  }

  win(fields: Readonly<WinFields>, bytes: Uint8Array, start: number, end: number): void {
    const kind = fields.kind === 4 ? 'framedata' : 'fpo'
    if (this.#sorters.has(kind)) this.#addWin(kind, this.#fixUps[kind].add(fields, bytes, start, end))
  }

  #addWin(kind: 'framedata' | 'fpo', win: FixedWin | null): void {
    const sorter = this.#sorters.get(kind)
    if (win === null || sorter === undefined || !sorter.wants(win.start)) return
    const fits = sorter.add(win.start, (packed) => {
      packed.number(win.size)
      packed.signedAddress(win.start)
      for (const size of win.sizes) packed.number(size)
      packed.copy(win.text, 0, win.text.length)
    })
    if (!fits) this.isTooLarge = true
  }

  #handOn(kind: Kind, record: ByteReader): void {
    switch (kind) {
      case 'functions': {
        const size = record.number()
        const start = record.signedAddress()
        this.#runs.functions?.begin(start, size)?.unpack(start, size, record)
        this.#runs.functions?.end()
        return
      }
      case 'publics': {
        const address = record.signedAddress()
        const parameterSize = record.number()
        this.#runs.publics?.add(address, parameterSize, record.bytes, record.at, record.end)
        return
      }
      case 'cfi': {
        const size = record.number()
        const start = record.signedAddress()
        this.#runs.cfi?.begin(start, size)?.unpack(start, size, record)
        this.#runs.cfi?.end()
        return
      }
      case 'framedata':
      case 'fpo': {
        const size = record.number()
        const start = record.signedAddress()
        const end = lastAddress(start, size)
        const sizes = Array.from({ length: 6 }, () => record.number())
        if (end !== null) this.#runs[kind]?.add({ start, size, end, sizes, text: record.take(record.left).slice() })
      }
    }
  }
}
