import { createHash } from 'node:crypto'
import type { RefusalReason } from '#shared/collector-outcomes.ts'
import { MAX_ATTACHMENTS_BYTES, MAX_DUMP_NAME_CHARS, MAX_DUMPS, MAX_FILE_NAME_CHARS } from '#shared/limits.ts'
import type { Part } from '#shared/multipart.ts'
import type { ByDumpName } from '#shared/raw-crash.ts'
import { PRIMARY_DUMP_FOLDER, PRIMARY_DUMP_NAME } from '#shared/store/crash-keys.ts'
import type { Hold } from './bytes-in-flight.ts'
import { HeldBytes } from './held-bytes.ts'

/** One dump or attachment as received. */
export interface Dump {
  readonly bytes: HeldBytes
  /** Of the bytes as received, in hex. */
  readonly sha256: string
}

/** The dumps of a report by the names that they are stored under, the minidumps first. */
export interface PayloadDumps {
  readonly dumps: ReadonlyMap<string, Dump>
  /** Which of them are attachments, with their file names. */
  readonly attachments: ByDumpName
}

/** Why a report keeps none of its dumps: it is too large. */
export type Oversize = Extract<RefusalReason, 'body_too_large' | 'inflated_too_large'>

interface DumpPart extends Dump {
  readonly partName: string
  readonly cleanedName: string
  readonly fileName: string
}

/** A part's name as far as it can stand in a key (specs/collector.md 1.2); may be empty. */
export function cleanedDumpName(partName: string): string {
  return partName.replace(/[^A-Za-z0-9_]/g, '').slice(0, MAX_DUMP_NAME_CHARS)
}

/** Minidumps are named by the protocol. All other parts with bytes are attachments: stored, never stackwalked. */
function isMinidump(dumpName: string): boolean {
  return dumpName.startsWith(PRIMARY_DUMP_NAME)
}

/** The dumps and attachments of a report as they come in: of a repeated part name the last wins. */
export class DumpParts {
  readonly #hold: Hold
  readonly #note: (note: string) => void
  #parts = new Map<string, DumpPart>()
  #attachmentBytes = 0
  #oversize: Oversize | null = null

  constructor(hold: Hold, note: (note: string) => void) {
    this.#hold = hold
    this.#note = note
  }

  /** Reads a part and keeps it, if it may be kept. Throws where the isolate would hold too many bytes. */
  async take(partName: string, { body, filename }: Part): Promise<void> {
    const cleanedName = cleanedDumpName(partName)
    const bytes = new HeldBytes(this.#hold)
    const hash = createHash('sha256')
    let isTooLarge = false
    for await (const chunk of body) {
      isTooLarge ||= !isMinidump(cleanedName) && !this.#attachmentsHaveRoom(partName, bytes.length + chunk.length)
      if (isTooLarge || this.#oversize !== null) {
        bytes.drop()
        continue
      }
      bytes.append(chunk)
      hash.update(chunk)
    }
    if (this.#oversize !== null) return bytes.drop()
    if (isTooLarge) {
      return this.#note(`attachment ${partName} dropped: attachments over ${MAX_ATTACHMENTS_BYTES} bytes together`)
    }
    this.#forget(partName)
    if (!isMinidump(cleanedName)) this.#attachmentBytes += bytes.length
    const fileName = fileNameOf(filename ?? partName)
    this.#parts.set(partName, { partName, cleanedName, fileName, bytes, sha256: hash.digest('hex') })
  }

  /** The report is too large: what there is of dumps is dropped, and what still comes is not kept. */
  leaveOut(reason: Oversize): void {
    this.#oversize = reason
    for (const partName of [...this.#parts.keys()]) this.#forget(partName)
  }

  /** All dumps under their names; nothing overwrites the main minidump. */
  finish(): PayloadDumps {
    const named = this.#named()
    const all = [...named].sort(([left], [right]) => rank(left) - rank(right))
    if (all.length > MAX_DUMPS) this.#note(`${all.length - MAX_DUMPS} dumps dropped: more than ${MAX_DUMPS}`)
    const dumps = new Map(all.slice(0, MAX_DUMPS))
    const attachments: Record<string, string> = Object.create(null)
    for (const [name, { fileName }] of dumps) if (!isMinidump(name)) attachments[name] = fileName
    return { dumps, attachments }
  }

  /**
   * A part gets its cleaned name where that is its own, or free. The peer's cloud store lets a part `dump`, or one without any letter, overwrite the main
   * minidump (specs/collector.md 4.3, P5), and so would `a.b` the part `ab`.
   */
  #named(): ReadonlyMap<string, DumpPart> {
    const parts = [...this.#parts.values()]
    const isExact = ({ partName, cleanedName }: DumpPart) =>
      partName === cleanedName && partName !== PRIMARY_DUMP_FOLDER
    const named = new Map(parts.filter(isExact).map((part) => [part.cleanedName, part]))
    const numbers = new Map<string, number>()
    for (const part of parts.filter((one) => !isExact(one))) {
      const { cleanedName, partName } = part
      const base = cleanedName === '' ? PRIMARY_DUMP_FOLDER : cleanedName
      const name = base !== PRIMARY_DUMP_FOLDER && !named.has(base) ? base : freeName(base, named, numbers)
      if (name !== base) this.#note(`dump part ${JSON.stringify(partName)} kept as ${name}`)
      named.set(name, part)
    }
    return named
  }

  #attachmentsHaveRoom(partName: string, bytes: number): boolean {
    const before = this.#parts.get(partName)?.bytes.length ?? 0
    return this.#attachmentBytes - before + bytes <= MAX_ATTACHMENTS_BYTES
  }

  #forget(partName: string): void {
    const part = this.#parts.get(partName)
    if (part === undefined) return
    if (!isMinidump(part.cleanedName)) this.#attachmentBytes -= part.bytes.length
    part.bytes.drop()
    this.#parts.delete(partName)
  }
}

/** `dump_2`, `dump_3` and so on. `numbers` remembers where the last search of a name ended: 2,000 parts may want the same. */
function freeName(base: string, taken: ReadonlyMap<string, unknown>, numbers: Map<string, number>): string {
  for (let number = numbers.get(base) ?? 2; ; number++) {
    const suffix = `_${number}`
    const name = `${base.slice(0, MAX_DUMP_NAME_CHARS - suffix.length)}${suffix}`
    if (taken.has(name)) continue
    numbers.set(base, number + 1)
    return name
  }
}

/** What is kept first where there are too many. */
function rank(name: string): number {
  if (name === PRIMARY_DUMP_NAME) return 0
  return isMinidump(name) ? 1 : 2
}

/** Breakpad on Windows sends the whole path, with the user's name in it. */
function fileNameOf(path: string): string {
  return (path.split(/[\\/]/).pop() ?? '').slice(0, MAX_FILE_NAME_CHARS)
}
