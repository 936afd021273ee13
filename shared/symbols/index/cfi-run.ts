import { type Address, lastAddress, plus } from './address.ts'
import { CfiBlockWriter, CfiGroup } from './cfi-block.ts'
import type { IndexFile } from './index-file.ts'
import { RecordRun } from './record-run.ts'

/** STACK CFI groups on their way into blocks, one at a time, as FUNC records are. */
export class CfiRun {
  readonly run: RecordRun<CfiBlockWriter>
  readonly #group = new CfiGroup()
  #collecting: 'main' | 'late' | 'nothing' = 'nothing'

  constructor(file: IndexFile) {
    this.run = new RecordRun(file, new CfiBlockWriter(), new CfiBlockWriter(), (writer) => writer.finish())
  }

  /** The group to fill, or null where its rules do not matter. Call `end` when it is full. */
  begin(start: Address, size: number): CfiGroup | null {
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
    if (this.#collecting === 'main') this.run.kept.hold(group.start, plus(group.start, group.size - 1))
    else this.#storeLate(false)
  }

  /** Decides about the group that is held back. */
  settle(): void {
    const isKept = this.run.kept.settle()
    if (isKept === null) return
    if (isKept) this.run.storeMain(this.#group.textBytes, (writer) => writer.add(this.#group))
    else this.#storeLate(true)
  }

  #storeLate(isDropped: boolean): void {
    const { start, size, textBytes } = this.#group
    const end = plus(start, size - 1)
    this.run.storeLate(start, end, isDropped, textBytes, [{ start, end, lead: 0 }], (writer) => writer.add(this.#group))
  }
}
