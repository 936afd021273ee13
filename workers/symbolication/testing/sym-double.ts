import type { IndexedModule, InlinedCall, SymbolAt } from '#shared/symbols/index/symbol-index.ts'
import type { LookupCost, LookupOutcome, LookupRequest } from '#shared/symbols/symbols-rpc.ts'
import { moduleKey } from '../asked-addresses.ts'
import type { SymbolLookup } from '../lookup-symbols.ts'

/** The symbols Worker's lookup over small sym files in memory: records in order, no overlaps, searched one by one. */
export interface SymDouble extends SymbolLookup {
  /** Stores a sym file under the module of its MODULE line. */
  add(sym: string): void
  /** Answers this for a module instead. */
  answer(debugFile: string, debugId: string, outcome: LookupOutcome | (() => Promise<LookupOutcome>)): void
  /** Requests of every call so far. */
  readonly calls: (readonly LookupRequest[])[]
  /** Symbols of one call, as if the rest had no room. */
  maxSymbols: number
}

const COST: LookupCost = { time_ms: 1, range_reads: 2, read_bytes: 300, cached_blocks: 1 }

export function symDouble(): SymDouble {
  const syms = new Map<string, Sym>()
  const answers = new Map<string, LookupOutcome | (() => Promise<LookupOutcome>)>()
  const double: SymDouble = {
    calls: [],
    maxSymbols: Number.POSITIVE_INFINITY,
    add(text) {
      const sym = parse(text)
      syms.set(moduleKey({ debugFile: sym.module.debug_file, debugId: sym.module.debug_id }), sym)
    },
    answer(debugFile, debugId, outcome) {
      answers.set(moduleKey({ debugFile, debugId }), outcome)
    },
    lookup(requests) {
      double.calls.push(requests)
      let room = double.maxSymbols
      return Promise.all(
        requests.map(async ({ debug_file, debug_id, addresses }): Promise<LookupOutcome> => {
          const key = moduleKey({ debugFile: debug_file, debugId: debug_id })
          const answer = answers.get(key)
          if (answer !== undefined) return typeof answer === 'function' ? answer() : answer
          const sym = syms.get(key)
          if (sym === undefined) return { kind: 'missing' }
          const symbols = addresses.slice(0, room).map((address) => symbolAt(sym, address))
          room -= symbols.length
          return { kind: 'found', module: sym.module, symbols, cost: COST }
        }),
      )
    },
  }
  return double
}

interface Call {
  readonly address: bigint
  readonly size: bigint
}
interface Func extends Call {
  readonly name: string
  readonly lines: (Call & { readonly line: number; readonly file: string | null })[]
  readonly inlines: (Call & {
    readonly depth: number
    readonly line: number
    readonly file: string | null
    readonly name: string
  })[]
}
interface Sym {
  module: IndexedModule
  readonly functions: Func[]
  readonly publics: { readonly address: bigint; readonly name: string }[]
}

function parse(text: string): Sym {
  const files = new Map<string, string>()
  const origins = new Map<string, string>()
  const none = { os: '', arch: '', debug_id: '', debug_file: '', code_id: null, code_file: null }
  const sym: Sym = { module: none, functions: [], publics: [] }
  const hex = (digits = '0') => BigInt(`0x${digits}`)
  for (const line of text.split(/\r?\n/)) {
    const words = line.split(' ')
    const [kind = '', a = '', b = '', c = '', d = ''] = words
    const func = sym.functions.at(-1)
    if (kind === 'MODULE')
      sym.module = { ...sym.module, os: a, arch: b, debug_id: c, debug_file: words.slice(4).join(' ') }
    else if (kind === 'INFO' && a === 'CODE_ID')
      sym.module = { ...sym.module, code_id: b, code_file: words.slice(3).join(' ') || null }
    else if (kind === 'FILE') files.set(a, words.slice(2).join(' '))
    else if (kind === 'INLINE_ORIGIN') origins.set(a, words.slice(2).join(' '))
    else if (kind === 'FUNC')
      sym.functions.push({ address: hex(a), size: hex(b), name: words.slice(4).join(' '), lines: [], inlines: [] })
    else if (kind === 'PUBLIC') sym.publics.push({ address: hex(a), name: words.slice(3).join(' ') })
    else if (kind === 'INLINE') {
      const call = { depth: Number(a), line: Number(b), file: files.get(c) ?? null, name: origins.get(d) ?? '' }
      for (let at = 5; at + 1 < words.length; at += 2)
        func?.inlines.push({ ...call, address: hex(words[at]), size: hex(words[at + 1]) })
    } else if (/^[0-9a-f]+$/.test(kind))
      func?.lines.push({ address: hex(kind), size: hex(a), line: Number(b), file: files.get(c) ?? null })
  }
  return sym
}

const holds = ({ address, size }: Call, at: bigint) => at >= address && at < address + size

function symbolAt(sym: Sym, at: bigint): SymbolAt {
  const func = sym.functions.find((one) => holds(one, at))
  if (func === undefined) {
    const symbol = sym.publics.filter(({ address }) => address <= at).at(-1)
    const isPast = sym.functions.some(
      ({ address }) => symbol !== undefined && address > symbol.address && address <= at,
    )
    return symbol === undefined || isPast ? { kind: 'none' } : { kind: 'public', ...symbol }
  }
  const { address, size, name } = func
  const line = func.lines.find((one) => holds(one, at))
  const place = { file: line?.file ?? null, line: line?.line || null }
  const calls = func.inlines.filter((one) => holds(one, at)).sort((a, b) => a.depth - b.depth)
  const [outer] = calls
  const callSite = outer === undefined ? place : { file: outer.file, line: outer.line || null }
  const inlines = calls.map((call, index): InlinedCall => {
    const next = calls[index + 1]
    return { function: call.name, ...(next === undefined ? place : { file: next.file, line: next.line || null }) }
  })
  return { kind: 'function', name, address, size, ...callSite, inlines: inlines.reverse() }
}
