import { STREAM } from '../directory.ts'
import type { Cpu } from '../system.ts'

/** A module of a synthetic dump: with a build id (ELF), or with a GUID, age and PDB (Windows, macOS), or with neither. */
export interface SyntheticModule {
  readonly base: number
  readonly size: number
  readonly codeFile: string
  readonly stamp?: number
  readonly buildId?: readonly number[]
  readonly pdb?: { readonly guid: readonly number[]; readonly age: number; readonly name: string }
}

export interface SyntheticCrash {
  readonly cpu?: Cpu
  readonly platformId?: number
  readonly exceptionCode?: number | null
  readonly instructionPointer?: number
  readonly stackPointer?: number
  /** Words from the stack pointer on. */
  readonly stack?: readonly number[]
  /** Which stream has the stack's memory; the thread itself by default. */
  readonly stackIn?: 'thread' | 'memoryList' | 'memory64List' | 'nowhere'
  readonly modules?: readonly SyntheticModule[]
  /** Crashpad's annotations: those of the process, and texts of its first module. */
  readonly crashpad?: {
    readonly simple: Readonly<Record<string, string>>
    readonly objects: Readonly<Record<string, string>>
  }
  /** Four bytes between the count and the entries of lists, as some writers have them. */
  readonly alignsLists?: boolean
}

const ARCHITECTURES = { x86: 0, arm: 5, amd64: 9, arm64: 12 } as const
/** Where the context of each has instruction pointer and stack pointer, and its size. */
const CONTEXTS = {
  x86: { ip: 184, sp: 196, bytes: 716, width: 4 },
  amd64: { ip: 248, sp: 152, bytes: 1_232, width: 8 },
  arm: { ip: 64, sp: 56, bytes: 368, width: 4 },
  arm64: { ip: 264, sp: 256, bytes: 912, width: 8 },
} as const

/** Bytes that grow, little-endian. */
class Writer {
  #bytes = new Uint8Array(64 * 1024)
  length = 0

  get view(): DataView {
    return new DataView(this.#bytes.buffer)
  }

  /** Appends bytes, or as many zeros; answers where. */
  add(bytes: number | ArrayLike<number>): number {
    const at = this.length
    const added = typeof bytes === 'number' ? bytes : bytes.length
    while (at + added > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    if (typeof bytes !== 'number') this.#bytes.set(bytes, at)
    this.length += added
    return at
  }

  u32(at: number, ...values: readonly number[]): void {
    for (const [index, value] of values.entries()) this.view.setUint32(at + 4 * index, value, true)
  }

  word(at: number, value: number, width: 4 | 8 = 8): void {
    this.u32(at, value % 2 ** 32)
    if (width === 8) this.u32(at + 4, Math.floor(value / 2 ** 32))
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length)
  }
}

/** Writes a minidump of one thread, 7, that crashed. */
export function syntheticMinidump({
  cpu = 'amd64',
  platformId = 0x8201,
  exceptionCode = 11,
  instructionPointer = 0,
  stackPointer = 0x7000_0000,
  stack = [],
  stackIn = 'thread',
  modules = [],
  crashpad,
  alignsLists = false,
}: SyntheticCrash): Uint8Array<ArrayBuffer> {
  const out = new Writer()
  const streams: { type: number; bytes: number; at: number }[] = []
  out.add(32 + 12 * 8)
  const list = (type: number, count: number, entryBytes: number) => {
    const bytes = (alignsLists ? 8 : 4) + count * entryBytes
    const at = out.add(bytes)
    out.u32(at, count)
    streams.push({ type, bytes, at })
    return at + bytes - count * entryBytes
  }
  const { ip, sp, bytes: contextBytes, width } = CONTEXTS[cpu]
  const context = out.add(contextBytes)
  out.word(context + ip, instructionPointer, width)
  out.word(context + sp, stackPointer, width)
  const memory = out.add(stack.length * width)
  for (const [index, word] of stack.entries()) out.word(memory + index * width, word, width)

  const system = out.add(56)
  out.view.setUint16(system, ARCHITECTURES[cpu], true)
  out.u32(system + 20, platformId)
  streams.push({ type: STREAM.systemInfo, bytes: 56, at: system })

  const thread = list(STREAM.threadList, 1, 48)
  out.u32(thread, 7)
  out.word(thread + 24, stackPointer)
  if (stackIn === 'thread') out.u32(thread + 32, stack.length * width, memory)
  if (stackIn === 'memoryList') {
    const range = list(STREAM.memoryList, 1, 16)
    out.word(range, stackPointer)
    out.u32(range + 8, stack.length * width, memory)
  }
  if (stackIn === 'memory64List') {
    const at = out.add(32)
    out.word(at, 1)
    out.word(at + 8, memory)
    out.word(at + 16, stackPointer)
    out.word(at + 24, stack.length * width)
    streams.push({ type: STREAM.memory64List, bytes: 32, at })
  }
  if (exceptionCode !== null) {
    const at = out.add(168)
    out.u32(at, 7)
    out.u32(at + 8, exceptionCode)
    out.u32(at + 160, contextBytes, context)
    streams.push({ type: STREAM.exception, bytes: 168, at })
  }
  const first = list(STREAM.moduleList, modules.length, 108)
  for (const [index, module] of modules.entries()) {
    const at = first + index * 108
    out.word(at, module.base)
    out.u32(at + 8, module.size, 0, module.stamp ?? 0, utf16(out, module.codeFile))
    const codeView = codeViewOf(module)
    out.u32(at + 76, codeView.length, out.add(codeView))
  }
  if (crashpad !== undefined) {
    const info = out.add(52)
    out.u32(info + 36, ...simple(out, crashpad.simple))
    const ofModule = out.add(28)
    out.u32(ofModule + 20, ...objects(out, crashpad.objects))
    const moduleList = out.add(16)
    out.u32(moduleList, 1, 0, 28, ofModule)
    out.u32(info + 44, 16, moduleList)
    streams.push({ type: STREAM.crashpadInfo, bytes: 52, at: info })
  }
  out.u32(0, 0x504d_444d, 0xa793, streams.length, 32)
  for (const [index, { type, bytes, at }] of streams.entries()) out.u32(32 + index * 12, type, bytes, at)
  return out.done()
}

function utf16(out: Writer, text: string): number {
  const at = out.add(4 + text.length * 2)
  out.u32(at, text.length * 2)
  for (let index = 0; index < text.length; index++) out.view.setUint16(at + 4 + index * 2, text.charCodeAt(index), true)
  return at
}

function utf8(out: Writer, text: string): number {
  const bytes = new TextEncoder().encode(text)
  const at = out.add(4)
  out.u32(at, bytes.length)
  out.add(bytes)
  return at
}

function codeViewOf({ buildId, pdb }: SyntheticModule): readonly number[] {
  if (buildId !== undefined) return [0x4c, 0x45, 0x70, 0x42, ...buildId]
  if (pdb === undefined) return []
  return [0x52, 0x53, 0x44, 0x53, ...pdb.guid, pdb.age, 0, 0, 0, ...new TextEncoder().encode(pdb.name), 0]
}

/** A dictionary, as its size and place. */
function simple(out: Writer, texts: Readonly<Record<string, string>>): [number, number] {
  const entries = Object.entries(texts).flatMap(([name, value]) => [utf8(out, name), utf8(out, value)])
  const at = out.add(4 + entries.length * 4)
  out.u32(at, entries.length / 2, ...entries)
  return [4 + entries.length * 4, at]
}

function objects(out: Writer, texts: Readonly<Record<string, string>>): [number, number] {
  const entries = Object.entries(texts).flatMap(([name, value]) => [utf8(out, name), 1, utf8(out, value)])
  const at = out.add(4 + entries.length * 4)
  out.u32(at, entries.length / 3, ...entries)
  return [4 + entries.length * 4, at]
}
