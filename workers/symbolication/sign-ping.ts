import type { CrashId } from '#shared/crash-id.ts'
import { generateSignature } from '#shared/signature/generate.ts'
import type { SignatureLists } from '#shared/signature/lists.ts'
import { hex } from './answer-v5.ts'
import { type AskedAddresses, moduleKey } from './asked-addresses.ts'
import type { FoundSymbol, ModuleError, ModuleSymbols } from './lookup-symbols.ts'
import type { CrashPing, PingFrame } from './ping.ts'

/** The symbols of some pings, by module. */
export type PingSymbols = ReadonlyMap<string, ModuleSymbols<FoundSymbol>>

/** A frame of a ping with its symbol, in the form of a stackwalk's frames: what is not known is absent. */
interface ShownFrame {
  readonly frame: number
  readonly offset?: string
  readonly module?: string
  readonly module_offset?: string
  readonly trust?: string
  readonly function?: string
  readonly function_offset?: string
  readonly file?: string
  readonly line?: number
  readonly inlines?: readonly {
    readonly function: string
    readonly file: string | null
    readonly line: number | null
  }[]
}

/** The answer to one ping. */
export interface SignedPing {
  readonly document_id: string
  readonly crash_id: CrashId
  readonly signature: string
  readonly proto_signature: string | null
  readonly notes: readonly string[]
  readonly signature_version: string
  readonly signature_lists_hash: string
  readonly crashing_thread: number
  /** Of the crashing thread. */
  readonly frames: readonly ShownFrame[]
  /** Modules of these frames without symbols, and why. */
  readonly module_errors?: Readonly<Record<string, readonly ModuleError[]>>
}

/** Asks for what the signature of a ping needs. */
export function askForPing({ threads }: CrashPing, asked: AskedAddresses): void {
  for (const frames of threads.values()) {
    for (const { asked: module, offset } of frames) if (module !== null && offset !== null) asked.add(module, offset)
  }
}

/** Signs a ping by the rules of every crash. */
export function signPing(ping: CrashPing, crashId: CrashId, symbols: PingSymbols, lists: SignatureLists): SignedPing {
  const shown = new Map([...ping.threads].map(([index, frames]) => [index, shownFrames(frames, symbols)]))
  const threads = Array.from({ length: Math.max(...shown.keys()) + 1 }, (_, index) => ({
    frames: shown.get(index) ?? [],
  }))
  const signed = generateSignature({ ...ping.crashData, crashing_thread: ping.crashingThread, threads }, lists)
  const errors = moduleErrors(ping, symbols)
  return {
    document_id: ping.documentId,
    crash_id: crashId,
    signature: signed.signature,
    proto_signature: signed.proto_signature,
    notes: signed.notes,
    signature_version: signed.signature_version,
    signature_lists_hash: signed.signature_lists_hash,
    crashing_thread: ping.crashingThread,
    frames: shown.get(ping.crashingThread) ?? [],
    ...(errors === null ? {} : { module_errors: errors }),
  }
}

/** Whether symbols may yet come: a signature made without them is not the crash's. */
export function isPending({ threads }: CrashPing, symbols: PingSymbols): boolean {
  return [...threads.values()].flat().some(({ asked }) => {
    const name = asked === null ? undefined : symbols.get(moduleKey(asked))?.error?.name
    return name === 'indexing' || name === 'late' || name === 'unavailable'
  })
}

function shownFrames(frames: readonly PingFrame[], symbols: PingSymbols): readonly ShownFrame[] {
  return frames.map(({ address, module, asked, offset, trust }, frame) => {
    const known = asked === null ? undefined : symbols.get(moduleKey(asked))
    const symbol = offset === null ? undefined : known?.symbols.get(offset)
    return {
      frame,
      ...(address === null ? {} : { offset: hex(address) }),
      ...(module === null ? {} : { module }),
      ...(offset === null ? {} : { module_offset: hex(offset) }),
      ...(trust === null ? {} : { trust }),
      ...(symbol === undefined || offset === null ? {} : symbolFields(symbol, offset)),
    }
  })
}

function symbolFields(symbol: FoundSymbol, offset: bigint) {
  const named = { function: symbol.name, function_offset: hex(offset - symbol.address) }
  if (symbol.kind === 'public') return named
  return {
    ...named,
    ...(symbol.file === null ? {} : { file: symbol.file }),
    ...(symbol.line === null ? {} : { line: symbol.line }),
    ...(symbol.inlines.length === 0 ? {} : { inlines: symbol.inlines }),
  }
}

function moduleErrors({ threads }: CrashPing, symbols: PingSymbols) {
  const errors: Record<string, readonly ModuleError[]> = {}
  for (const { asked } of [...threads.values()].flat()) {
    const error = asked === null ? null : (symbols.get(moduleKey(asked))?.error ?? null)
    if (asked !== null && error !== null) errors[`${asked.debugFile}/${asked.debugId}`] = [error]
  }
  return Object.keys(errors).length === 0 ? null : errors
}
