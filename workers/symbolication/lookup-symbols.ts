import type { Clock } from '#shared/clock.ts'
import { DeadlineExceeded, withDeadline } from '#shared/deadline.ts'
import { MAX_SYMBOLICATION_SYMBOL_CHARS, SYMBOL_LOOKUP_CONCURRENCY, SYMBOLICATION_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { IndexedModule, SymbolAt } from '#shared/symbols/index/symbol-index.ts'
import type { LookupCost, LookupOutcome, NoSymbols, SymbolsRpc } from '#shared/symbols/symbols-rpc.ts'
import type { AskedAddresses, AskedPart } from './asked-addresses.ts'
import type { Hold } from './memory-budget.ts'

/** What symbolication needs of the symbols Worker. */
export type SymbolLookup = Pick<SymbolsRpc, 'lookup'>

/**
 * Why a module's addresses have no names, or not all. Those of {@link NoSymbols} are the module's own. `late`, `unavailable`: the symbols
 * Worker did not answer in time or failed. `too_large`: the names of one request are more than it may hold.
 */
export type ModuleErrorName = NoSymbols['kind'] | 'late' | 'unavailable' | 'too_large'

/** In the form of samply's `module_errors` (specs/symbols.md 3.4). */
export interface ModuleError {
  readonly name: ModuleErrorName
  readonly message: string
}

/** A symbol that is there. */
export type FoundSymbol = Exclude<SymbolAt, { readonly kind: 'none' }>

/** What is known of one module. `Kept` is what the caller makes of a symbol. */
export interface ModuleSymbols<Kept> {
  /** Null where there are no symbols of this module. */
  readonly found: IndexedModule | null
  /** By address; one that is not here has no symbol. */
  readonly symbols: ReadonlyMap<bigint, Kept>
  /** Null where every address was answered. */
  readonly error: ModuleError | null
  readonly cost: LookupCost
}

export interface LookupDeps<Kept> {
  readonly symbols: SymbolLookup
  /** Makes what is kept of a symbol, at once, so that the rest can go. */
  readonly keep: (address: bigint, symbol: FoundSymbol, module: IndexedModule) => Kept
  /** Counts what is kept. */
  readonly hold: Hold
  readonly clock: Clock
  readonly log: Log
  /** SYMBOLICATION_DEADLINE_MS where it is not given. */
  readonly deadlineMs?: number
}

/** A module while its answers come. */
type Progress<Kept> = { -readonly [Key in keyof ModuleSymbols<Kept>]: ModuleSymbols<Kept>[Key] } & {
  readonly symbols: Map<bigint, Kept>
}

const NO_COST: LookupCost = { time_ms: 0, range_reads: 0, read_bytes: 0, cached_blocks: 0 }

/**
 * Asks the symbols Worker for all addresses, six calls at a time; try symbols where there are no regular ones, as the peer does (its source is
 * `/try/`). Never throws: what did not come is said in the errors of its modules.
 */
export async function lookupSymbols<Kept>(
  asked: AskedAddresses,
  deps: LookupDeps<Kept>,
): Promise<ReadonlyMap<string, ModuleSymbols<Kept>>> {
  const endMs = deps.clock() + (deps.deadlineMs ?? SYMBOLICATION_DEADLINE_MS)
  const modules = new Map<string, Progress<Kept>>()
  for (const key of asked.keys()) modules.set(key, { found: null, symbols: new Map(), error: null, cost: NO_COST })
  const pending = asked.calls()
  const budget = { chars: MAX_SYMBOLICATION_SYMBOL_CHARS }

  const askNext = async (): Promise<void> => {
    for (let call = pending.shift(); call !== undefined; call = pending.shift()) {
      // A module without symbols is not asked for a second time.
      const parts = call.filter(({ key }) => modules.get(key)?.error === null)
      if (parts.length === 0) continue
      const answers = await answersOf(parts, endMs, deps)
      for (const [at, part] of parts.entries()) {
        const module = modules.get(part.key)
        if (module === undefined) continue
        const rest = taken(part, answers[at] ?? 'unavailable', module, budget, deps)
        if (rest.length === 0) continue
        // Alone in its call a part always gets on, and one that does not never will.
        const isStuck = parts.length === 1 && rest.length === part.request.addresses.length
        if (isStuck) module.error = moduleError('too_large')
        else pending.push([{ ...part, request: { ...part.request, addresses: rest } }])
      }
    }
  }
  await Promise.all(Array.from({ length: SYMBOL_LOOKUP_CONCURRENCY }, askNext))
  return modules
}

type Answer = LookupOutcome | 'late' | 'unavailable'

async function answersOf<Kept>(
  parts: readonly AskedPart[],
  endMs: number,
  { symbols, clock, log }: LookupDeps<Kept>,
): Promise<readonly Answer[]> {
  const requests = parts.map(({ request }) => request)
  try {
    const leftMs = endMs - clock()
    if (leftMs <= 0) throw new DeadlineExceeded('symbols lookup', 0)
    return await withDeadline('symbols lookup', leftMs, symbols.lookup(requests, true))
  } catch (thrown) {
    const why = thrown instanceof DeadlineExceeded ? 'late' : 'unavailable'
    log('symbolication', `lookup_${why}`, { modules: parts.length, error: errorText(thrown) })
    return parts.map(() => why)
  }
}

/** Takes the answer of one part into its module; answers the addresses to ask again because the call had no more room. */
function taken<Kept>(
  { request }: AskedPart,
  answer: Answer,
  module: Progress<Kept>,
  budget: { chars: number },
  { keep, hold }: LookupDeps<Kept>,
): readonly bigint[] {
  if (typeof answer === 'string' || answer.kind !== 'found') {
    module.error = moduleError(answer)
    return []
  }
  module.found = answer.module
  module.cost = sum(module.cost, answer.cost)
  for (const [at, symbol] of answer.symbols.entries()) {
    const address = request.addresses[at]
    if (symbol.kind === 'none' || address === undefined) continue
    const chars = charsOf(symbol)
    budget.chars -= chars
    if (budget.chars < 0 || !hold.add(chars)) {
      module.error = moduleError('too_large')
      return []
    }
    module.symbols.set(address, keep(address, symbol, answer.module))
  }
  return request.addresses.slice(answer.symbols.length)
}

function moduleError(why: NoSymbols | 'late' | 'unavailable' | 'too_large'): ModuleError {
  if (typeof why === 'string') return { name: why, message: MESSAGES[why] }
  switch (why.kind) {
    case 'missing':
      return { name: 'missing', message: 'there are no symbols of this module' }
    case 'indexing':
      return {
        name: 'indexing',
        message: `pending: the symbols are being indexed, ask again in ${why.retry_after_seconds} s`,
      }
    case 'corrupt':
      return { name: 'corrupt', message: `the sym file is refused at line ${why.line}: ${why.reason}` }
  }
}

const MESSAGES: Readonly<Record<'late' | 'unavailable' | 'too_large', string>> = {
  late: 'not all symbols came in time: ask again',
  unavailable: 'the symbol store is not available: ask again later',
  too_large: 'the names of one request are more than it may hold: ask for fewer addresses',
}

/** Numbers, keys and objects of a symbol beside its texts. */
const SYMBOL_CHARS = 100

/** About the characters that a symbol takes, in memory and in an answer. */
function charsOf(symbol: FoundSymbol): number {
  if (symbol.kind === 'public') return SYMBOL_CHARS + symbol.name.length
  return symbol.inlines.reduce(
    (chars, inline) => chars + SYMBOL_CHARS + inline.function.length + (inline.file?.length ?? 0),
    SYMBOL_CHARS + symbol.name.length + (symbol.file?.length ?? 0),
  )
}

function sum(a: LookupCost, b: LookupCost): LookupCost {
  return {
    time_ms: a.time_ms + b.time_ms,
    range_reads: a.range_reads + b.range_reads,
    read_bytes: a.read_bytes + b.read_bytes,
    cached_blocks: a.cached_blocks + b.cached_blocks,
  }
}
