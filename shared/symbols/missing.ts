import { isSymFile, type SymbolKey, symbolKeySegments } from './key.ts'
import { symFileName } from './sym-file-name.ts'

/** A module whose sym file is not there, as far as whoever missed it could name it. Ids are upper-case. */
export interface MissedSymbol {
  readonly debugFile: string | null
  readonly debugId: string | null
  readonly codeFile: string | null
  readonly codeId: string | null
}

/** Takes note of requests for sym files that are not there. */
export interface Misses {
  /** Counts one request that was answered 404. Never throws and never waits: the books of misses are no reason to answer late. */
  note(key: SymbolKey): void
}

/** A GUID of 32 digits and an age of one to eight (specs/symbols.md 2.2). */
const DEBUG_ID = /^[0-9A-F]{33,40}$/
/** A PE file's time stamp in eight digits and its size in up to eight; shorter ids name nothing. */
const CODE_ID = /^[0-9A-F]{9,16}$/
const NO_DEBUG_ID = /^0{33,}$/

/**
 * Which module a request for this key misses; null where it says nothing of a module without symbols: only sym files count (a debugger
 * that asks for `.pdb`, `.pd_` and `file.ptr` in turn misses one module, not three), under an id that a module can have. By debug id the file must
 * have the name that the upload will have; by code id any goes, as the lookup gives the module's own.
 */
export function missOf(key: SymbolKey): MissedSymbol | null {
  const { debugFile, id, file } = symbolKeySegments(key)
  if (!isSymFile(key)) return null
  if (CODE_ID.test(id)) return { debugFile: null, debugId: null, codeFile: debugFile, codeId: id }
  if (!isModuleDebugId(id) || file !== symFileName(debugFile)) return null
  return { debugFile, debugId: id, codeFile: null, codeId: null }
}

/** Whether an upper-case id is one that a module can have: well-formed, and not the 33 zeros of a module without one. */
export function isModuleDebugId(id: string): boolean {
  return DEBUG_ID.test(id) && !NO_DEBUG_ID.test(id)
}

/** Whether an upper-case id is a code id that a module can have: of a PE file, or the build id of an ELF file. */
export function isModuleCodeId(id: string): boolean {
  return /^[0-9A-F]{9,64}$/.test(id) && !/^0+$/.test(id)
}

/**
 * What a crash and a request have in common for one module: crashes name the code file (`xul.dll`) and requests the debug file (`xul.pdb`).
 * The extensions of Windows are left out and case does not count; `libxul.so` and `XUL` stand as they are.
 */
export function moduleStem(file: string): string {
  return file.toLowerCase().replace(/\.(?:pdb|dll|exe|sys)$/, '')
}
