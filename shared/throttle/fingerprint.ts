import { sha256Hex } from '../auth/token.ts'
import { FINGERPRINT_STACK_WORDS, MAX_FINGERPRINT_STACK_BYTES } from '../limits.ts'
import { type Crash, readCrash } from '../minidump/crash.ts'
import { readCrashpadAnnotations } from '../minidump/crashpad-annotations.ts'
import { DumpBytes } from '../minidump/dump-bytes.ts'
import { describeModule, type LoadedModule, ModuleMap, type ModuleNames } from '../minidump/modules.ts'
import { isSystemModule } from '../minidump/system-modules.ts'
import { wordBytes } from '../minidump/threads.ts'
import type { Annotations } from '../raw-crash.ts'
import { javaCrash } from './java-crash.ts'

/** 32 hex: crashes with the same one are most likely the same bug in the same build. */
export type Fingerprint = string & { readonly __fingerprint: unique symbol }

/** The bytes of a dump where they lie. */
export interface HeldDump {
  readonly length: number
  chunks(): Iterable<Uint8Array>
}

/** Reads a fingerprint; null for what is none. */
export function parseFingerprint(text: string): Fingerprint | null {
  return /^[0-9a-f]{32}$/.test(text) ? (text as Fingerprint) : null
}

/**
 * What makes crashes alike before they are processed (DESIGN.md section 4): the first 32 hex of the SHA-256 of {@link fingerprintParts} as JSON. Null where the
 * report does not say enough: such a report is always kept. No input throws; the work is bounded.
 */
export async function fingerprintOf(annotations: Annotations, dump: HeldDump | null): Promise<Fingerprint | null> {
  const parts = fingerprintParts(annotations, dump)
  return parts === null ? null : parseFingerprint((await sha256Hex(JSON.stringify(parts))).slice(0, 32))
}

/**
 * Product, version, process type, exception code, the instruction pointer, words of the crashing thread's stack, the reason, and for Java the class and top
 * frame. Places are `<debug id>+<offset>`, so they do not change with where the system put a module. Null where nothing but a place in the system or in
 * no module is known: a place in `abort` alone says nothing about who called it.
 */
export function fingerprintParts(annotations: Annotations, dump: HeldDump | null): readonly unknown[] | null {
  const bytes = dump === null ? null : new DumpBytes(dump)
  const reading = bytes === null ? null : readCrash(bytes)
  const inDump =
    bytes !== null && reading?.kind === 'crash'
      ? { ...places(bytes, reading.crash), crashpad: readCrashpadAnnotations(bytes, reading.directory) }
      : null
  const reason = reasonOf(annotations, inDump?.crashpad ?? new Map())
  const java = javaCrash(annotations)
  const saysWhere = inDump !== null && (inDump.words.length > 0 || inDump.isInProgram)
  if (reason === null && java === null && !saysWhere) return null
  return [
    text(annotations.ProductName),
    text(annotations.Version),
    processType(annotations),
    inDump?.exceptionCode ?? null,
    inDump?.instruction ?? null,
    inDump?.words ?? [],
    reason,
    java === null ? null : [java.className, java.topFrame],
  ]
}

interface Places {
  readonly exceptionCode: number | null
  /** The instruction pointer; null where it is in no module. */
  readonly instruction: string | null
  /** The instruction pointer is in a module that is not the system's. */
  readonly isInProgram: boolean
  readonly words: readonly string[]
}

function places(dump: DumpBytes, crash: Crash): Places {
  const modules = new ProgramModules(dump, crash.modules)
  const { registers, exceptionCode } = crash
  const instruction = registers === null ? null : modules.at(Number(registers.instructionPointer))
  return {
    exceptionCode,
    instruction: instruction?.text ?? null,
    isInProgram: instruction !== null && !instruction.isSystem,
    words: programWords(dump, crash, modules),
  }
}

/** The first words of the stack, from the stack pointer on, that point into the program's own modules: mostly return addresses. */
function programWords(dump: DumpBytes, { cpu, stack }: Crash, modules: ProgramModules): readonly string[] {
  if (cpu === null || stack === null) return []
  const width = wordBytes(cpu)
  const view = dump.view({ at: stack.at, bytes: Math.min(stack.bytes, MAX_FINGERPRINT_STACK_BYTES) })
  const end = view === null ? 0 : view.byteLength - width
  const words: string[] = []
  for (let at = 0; view !== null && at <= end && words.length < FINGERPRINT_STACK_WORDS; at += width) {
    const high = width === 8 ? view.getUint32(at + 4, true) : 0
    const place = modules.at(high * 2 ** 32 + view.getUint32(at, true))
    if (place !== null && !place.isSystem) words.push(place.text)
  }
  return words
}

/** Addresses as module and offset. What a module is, is read once, for those that are asked about. */
class ProgramModules {
  readonly #dump: DumpBytes
  readonly #map: ModuleMap
  readonly #known = new Map<LoadedModule, { readonly name: string; readonly isSystem: boolean }>()

  constructor(dump: DumpBytes, modules: readonly LoadedModule[]) {
    this.#dump = dump
    this.#map = new ModuleMap(modules)
  }

  at(address: number): { readonly text: string; readonly isSystem: boolean } | null {
    const found = this.#map.at(address)
    if (found === null) return null
    const { name, isSystem } = this.#describe(found.module)
    return { text: `${name}+${found.offset.toString(16)}`, isSystem }
  }

  #describe(module: LoadedModule) {
    const known = this.#known.get(module)
    if (known !== undefined) return known
    const names = describeModule(this.#dump, module)
    const described = { name: shortName(names), isSystem: isSystemModule(names.codeFile) }
    this.#known.set(module, described)
    return described
  }
}

/** A module without a debug id goes by its file name. */
function shortName({ debugId, codeFile }: ModuleNames): string {
  return debugId ?? codeFile.slice(Math.max(codeFile.lastIndexOf('/'), codeFile.lastIndexOf('\\')) + 1)
}

/** The program's own words about its end: an annotation, or where a Crashpad client left it in the dump. */
function reasonOf(annotations: Annotations, crashpad: ReadonlyMap<string, string>): string | null {
  for (const name of ['MozCrashReason', 'AbortMessage']) {
    const reason = text(annotations[name]) || (crashpad.get(name) ?? '')
    if (reason !== '') return reason
  }
  return null
}

/** As the processor names it: `parent` where the report does not say. */
function processType({ ProcessType }: Annotations): string {
  const type = text(ProcessType)
  return type === '' || type === 'main' ? 'parent' : type
}

function text(value: Annotations[string] | undefined): string {
  return typeof value === 'string' ? value : ''
}
