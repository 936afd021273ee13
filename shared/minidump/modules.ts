import { MAX_CODE_FILE_BYTES, MAX_MINIDUMP_MODULES } from '../limits.ts'
import { debugIdOf, parseBuildId } from '../symbols/build-id.ts'
import { listEntries, type MinidumpDirectory, placeAt, STREAM } from './directory.ts'
import type { DumpBytes, Place } from './dump-bytes.ts'

/** Where a module was loaded, and where the dump says what it is: see {@link describeModule}. */
export interface LoadedModule {
  readonly base: bigint
  /** Bytes of address space. */
  readonly size: number
  readonly stamp: number
  /** Where its path lies in the file. */
  readonly pathAt: number
  readonly codeView: Place
}

/** What a module is. */
export interface ModuleNames {
  /** Its path as the process knew it. Empty where the dump does not say. */
  readonly codeFile: string
  /** Windows: time stamp and size; ELF: the build id, lower case. Null where neither is there. */
  readonly codeId: string | null
  /** As in the module's sym file. Null where the dump does not say. */
  readonly debugId: string | null
  /** The file name of its PDB; elsewhere as `codeFile`. */
  readonly debugFile: string
}

const MODULE_BYTES = 108
const RSDS = 0x5344_5352
const NB10 = 0x3031_424e
const ELF = 0x4270_454c
/** An id and a path. */
const MAX_CODEVIEW_BYTES = 24 + MAX_CODE_FILE_BYTES

/** The modules, in the order of the dump, the first MAX_MINIDUMP_MODULES of them. */
export function readModules(dump: DumpBytes, directory: MinidumpDirectory): readonly LoadedModule[] {
  return listEntries(dump, directory, STREAM.moduleList, MODULE_BYTES, MAX_MINIDUMP_MODULES).map((entry) => ({
    base: entry.getBigUint64(0, true),
    size: entry.getUint32(8, true),
    stamp: entry.getUint32(16, true),
    pathAt: entry.getUint32(20, true),
    codeView: placeAt(entry, 76),
  }))
}

/** Reads what a module is. Of a browser's 300 modules a stack points into a dozen, and reading them all takes longer than all else. */
export function describeModule(dump: DumpBytes, { size, stamp, pathAt, codeView }: LoadedModule): ModuleNames {
  const codeFile = readUtf16(dump, pathAt)
  const names = readCodeView(dump, codeView)
  return {
    codeFile,
    codeId: names?.buildId ?? (stamp === 0 ? null : `${hex(stamp, 8)}${size.toString(16)}`),
    debugId: names?.debugId ?? null,
    debugFile: names?.pdb ?? codeFile,
  }
}

/** An address as its module and the offset in it: the same on every machine that has this build. */
export interface ModuleOffset {
  readonly module: LoadedModule
  readonly offset: number
}

/** Modules by address. Addresses are numbers: those of programs are below 2^53, and what is above is in no module. */
export class ModuleMap {
  readonly #modules: readonly { readonly start: number; readonly module: LoadedModule }[]

  constructor(modules: readonly LoadedModule[]) {
    this.#modules = modules
      .map((module) => ({ start: Number(module.base), module }))
      .filter(({ start }) => Number.isSafeInteger(start))
      .sort((left, right) => left.start - right.start)
  }

  /** The module that holds an address; null where none does: code made at run time, or a wild jump. */
  at(address: number): ModuleOffset | null {
    let low = 0
    let high = this.#modules.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#modules[middle]?.start ?? 0) <= address) low = middle + 1
      else high = middle
    }
    const found = this.#modules[low - 1]
    if (found === undefined || address - found.start >= found.module.size) return null
    return { module: found.module, offset: address - found.start }
  }
}

interface CodeView {
  readonly debugId: string | null
  readonly buildId: string | null
  readonly pdb: string | null
}

function readCodeView(dump: DumpBytes, place: Place): CodeView | null {
  const view = dump.view({ at: place.at, bytes: Math.min(place.bytes, MAX_CODEVIEW_BYTES) })
  if (view === null || view.byteLength < 4) return null
  switch (view.getUint32(0, true)) {
    case RSDS: {
      if (view.byteLength < 24) return null
      const guid = `${hex(view.getUint32(4, true), 8)}${hex(view.getUint16(8, true), 4)}${hex(view.getUint16(10, true), 4)}`
      const rest = hex(view.getUint32(12), 8) + hex(view.getUint32(16), 8)
      const age = view.getUint32(20, true).toString(16)
      const isNil = /^0+$/.test(guid + rest)
      return { debugId: isNil ? null : `${guid}${rest}${age}`, buildId: null, pdb: cString(view, 24) }
    }
    case NB10: {
      if (view.byteLength < 16) return null
      const debugId = `${hex(view.getUint32(8, true), 8)}${view.getUint32(12, true).toString(16)}`
      return { debugId, buildId: null, pdb: cString(view, 16) }
    }
    case ELF: {
      const digits = Array.from({ length: Math.min(view.byteLength - 4, 64) }, (_, at) => hex(view.getUint8(at + 4), 2))
      const buildId = parseBuildId(digits.join(''))
      if (buildId === null || /^0+$/.test(buildId)) return null
      return { debugId: debugIdOf(buildId), buildId: buildId.toLowerCase(), pdb: null }
    }
    default:
      return null
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}

function cString(view: DataView, at: number): string | null {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, view.byteLength - at)
  const end = bytes.indexOf(0)
  const text = new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end))
  return text === '' ? null : text
}

/** A string of the dump: its length in bytes, then UTF-16. What is too long is cut. */
function readUtf16(dump: DumpBytes, at: number): string {
  const length = dump.view({ at, bytes: 4 })?.getUint32(0, true) ?? 0
  const text = dump.view({ at: at + 4, bytes: Math.min(length, MAX_CODE_FILE_BYTES) & ~1 })
  return text === null ? '' : new TextDecoder('utf-16le').decode(text)
}
