import { type Address, lastAddress, minus, plus } from './address.ts'
import type { IndexFile } from './index-file.ts'
import { RecordRun } from './record-run.ts'
import type { WinFields } from './sym-records.ts'
import { WinBlockWriter } from './win-block.ts'

/** A STACK WIN record as it counts. */
export interface FixedWin {
  readonly start: Address
  readonly size: number
  readonly end: Address
  /** The six sizes behind the code's, in the order of the record. */
  readonly sizes: readonly number[]
  readonly text: Uint8Array
}

/**
 * What breakpad-symbols does to the STACK WIN records of one type as it reads them. PDB files overlap, and that is mended in the order of the file, against the record before:
 * one that starts inside it and later ends it, one that starts with it or before is dropped unless its range is the same.
 */
export class WinFixUp {
  #open: FixedWin | null = null

  /** Takes a record; gives the one before, which nothing can change any more. */
  add(fields: Readonly<WinFields>, bytes: Uint8Array, from: number, to: number): FixedWin | null {
    const { address: start, size } = fields
    const end = lastAddress(start, size)
    if (end === null) return null
    let before = this.#open
    if (before !== null && start <= before.end && end >= before.start) {
      if (start > before.start) {
        before = { ...before, size: Number(minus(start, before.start)), end: plus(start, -1) }
      } else if (start !== before.start || end !== before.end) {
        return null
      }
    }
    const { prologueSize, epilogueSize, parameterSize, savedRegisterSize, localSize, maxStackSize } = fields
    const sizes = [prologueSize, epilogueSize, parameterSize, savedRegisterSize, localSize, maxStackSize]
    this.#open = { start, size, end, sizes, text: bytes.slice(from, to) }
    return before
  }

  /** The last record. */
  end(): FixedWin | null {
    const open = this.#open
    this.#open = null
    return open
  }
}

/** STACK WIN records of one type on their way into blocks, once they are mended. */
export class WinRun {
  readonly run: RecordRun<WinBlockWriter>
  #held: FixedWin | null = null

  constructor(file: IndexFile) {
    this.run = new RecordRun(file, new WinBlockWriter(), new WinBlockWriter(), (writer) => writer.finish())
  }

  add(win: FixedWin): void {
    const offered = this.run.kept.offer(win.start, win.end)
    if (offered === 'loser') return
    if (this.run.kept.replaces(win.start)) this.run.kept.forget()
    else this.settle()
    if (offered === 'late') {
      this.#storeLate(win, false)
    } else {
      this.#held = win
      this.run.kept.hold(win.start, win.end)
    }
  }

  /** Decides about the record that is held back. */
  settle(): void {
    const isKept = this.run.kept.settle()
    const win = this.#held
    if (isKept === null || win === null) return
    if (isKept) this.run.storeMain(win.text.length, (writer) => writer.add(win.start, win.size, win.sizes, win.text))
    else this.#storeLate(win, true)
  }

  #storeLate({ start, size, end, sizes, text }: FixedWin, isDropped: boolean): void {
    this.run.storeLate(start, end, isDropped, text.length, [{ start, end, lead: 0 }], (writer) =>
      writer.add(start, size, sizes, text),
    )
  }
}
