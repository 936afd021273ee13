import { type Address, lastAddress, plus } from './address.ts'
import { FunctionBlockWriter } from './function-block.ts'
import { FunctionGroup } from './function-group.ts'
import type { IndexFile } from './index-file.ts'
import type { NameChoice } from './local-names.ts'
import { RecordRun } from './record-run.ts'

/** FUNC records on their way into blocks. One is collected at a time: where it ends is in its first line, and that decides what becomes of the one before. */
export class FunctionRun {
  readonly run: RecordRun<FunctionBlockWriter>
  /** More records than one function may have came. */
  isTooLarge = false
  readonly #group = new FunctionGroup()
  #collecting: 'main' | 'late' | 'nothing' = 'nothing'

  constructor(file: IndexFile, files: NameChoice, origins: NameChoice) {
    this.run = new RecordRun(file, new FunctionBlockWriter(), new FunctionBlockWriter(), (writer) =>
      writer.finish(files, origins),
    )
  }

  /** The function to fill, or null where its records do not matter. Call `end` when it is full. */
  begin(start: Address, size: number): FunctionGroup | null {
    this.#collecting = 'nothing'
    const last = lastAddress(start, size)
    if (last === null) return null
    const offered = this.run.kept.offer(start, last)
    if (offered === 'loser') return null
    if (this.run.kept.replaces(start)) this.run.kept.forget()
    else this.settle()
    this.#collecting = offered
    return this.#group
  }

  end(): void {
    if (this.#collecting === 'nothing') return
    const group = this.#group
    if (group.isTooLarge) this.isTooLarge = true
    group.resolve()
    if (this.#collecting === 'main') this.run.kept.hold(group.start, plus(group.start, group.size - 1))
    else this.#storeLate(false)
  }

  /** Decides about the function that is held back. */
  settle(): void {
    const isKept = this.run.kept.settle()
    if (isKept === null) return
    if (!isKept) {
      this.#storeLate(true)
      return
    }
    const group = this.#group
    const pieces = group.pieces()
    if (pieces === null) {
      this.isTooLarge = true
      return
    }
    const textBytes = group.textBytes / pieces.length
    for (const piece of pieces) this.run.storeMain(textBytes, (writer) => writer.add(group, piece, textBytes))
  }

  #storeLate(isDropped: boolean): void {
    const group = this.#group
    const pieces = group.pieces()
    if (pieces === null) {
      this.isTooLarge = true
      return
    }
    const textBytes = group.textBytes / pieces.length
    const stored = pieces.map(({ start, end }) => ({
      start: plus(group.start, start),
      end: plus(group.start, end - 1),
      lead: start,
    }))
    const end = plus(group.start, group.size - 1)
    this.run.storeLate(group.start, end, isDropped, group.textBytes, stored, (writer, number) => {
      const piece = pieces[number]
      if (piece !== undefined) writer.add(group, piece, textBytes)
    })
  }
}
