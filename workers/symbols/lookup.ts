import { LOOKUP_FIRST_STEP_ADDRESSES, LOOKUP_STEP_ADDRESSES, LOOKUP_STEP_BYTES, MAX_RPC_BYTES } from '#shared/limits.ts'
import type { SymbolAt, SymbolIndex } from '#shared/symbols/index/symbol-index.ts'
import type { LookupOutcome, LookupRequest } from '#shared/symbols/symbols-rpc.ts'
import { Connections, mapConcurrently } from './connections.ts'
import { type IndexReadDeps, newReadCost, readModuleIndex } from './symbol-indexes.ts'

/**
 * What lies at the addresses of each module, in the order asked (SymbolsRpc.lookup). Modules are read concurrently over the connections of one request. Throws
 * when R2 fails.
 */
export function lookupModules(
  requests: readonly LookupRequest[],
  alsoTry: boolean,
  deps: IndexReadDeps,
): Promise<readonly LookupOutcome[]> {
  const connections = new Connections()
  const room = new AnswerRoom()
  return mapConcurrently(requests, (request) => lookupModule(request, alsoTry, connections, room, deps))
}

async function lookupModule(
  request: LookupRequest,
  alsoTry: boolean,
  connections: Connections,
  room: AnswerRoom,
  deps: IndexReadDeps,
): Promise<LookupOutcome> {
  const startedAtMs = deps.clock()
  const cost = newReadCost()
  const read = await readModuleIndex(request, alsoTry, connections, cost, deps, async (index) => ({
    module: index.module,
    symbols: await symbolsAt(index, request.addresses, room.leftBytes),
  }))
  if (read.kind !== 'found') return read
  const { module, symbols } = read.value
  const fits = symbols.findIndex(({ bytes }) => !room.take(bytes))
  const given = (fits === -1 ? symbols : symbols.slice(0, fits)).map(({ symbol }) => symbol)
  return { kind: 'found', module, symbols: given, cost: { ...cost, time_ms: deps.clock() - startedAtMs } }
}

/** What one answer may still hold. The first symbol always fits, so that whoever asks again for the rest gets on. */
class AnswerRoom {
  leftBytes = MAX_RPC_BYTES

  take(bytes: number): boolean {
    const fits = bytes <= this.leftBytes || this.leftBytes === MAX_RPC_BYTES
    this.leftBytes = fits ? Math.max(0, this.leftBytes - bytes) : 0
    return fits
  }
}

interface Sized {
  readonly symbol: SymbolAt
  readonly bytes: number
}

/** Looks addresses up in steps, and stops when what they answer has the wanted bytes. */
async function symbolsAt(
  index: SymbolIndex,
  addresses: readonly bigint[],
  mostBytes: number,
): Promise<readonly Sized[]> {
  const found: Sized[] = []
  let bytes = 0
  let step = LOOKUP_FIRST_STEP_ADDRESSES
  while (found.length < addresses.length && bytes <= mostBytes) {
    const wanted = addresses.slice(found.length, found.length + step)
    for (const symbol of await symbolsIn(index, wanted)) {
      const sized = sizedToFit(symbol)
      found.push(sized)
      bytes += sized.bytes
    }
    const average = Math.max(1, bytes / found.length)
    step = Math.min(LOOKUP_STEP_ADDRESSES, Math.max(1, Math.floor(LOOKUP_STEP_BYTES / average)))
  }
  return found
}

const MAX_ADDRESS = 2n ** 64n - 1n

/** Nothing lies at what is no address of 64 bits. */
async function symbolsIn(index: SymbolIndex, addresses: readonly bigint[]): Promise<readonly SymbolAt[]> {
  const isAddress = (address: bigint) => address >= 0n && address <= MAX_ADDRESS
  if (addresses.every(isAddress)) return index.lookup(addresses)
  const found = (await index.lookup(addresses.filter(isAddress))).values()
  return addresses.map((address) => (isAddress(address) ? found.next().value : undefined) ?? { kind: 'none' })
}

/** An answer alone too large for RPC, which only a hostile file can have, loses its inlined calls. */
function sizedToFit(symbol: SymbolAt): Sized {
  const bytes = bytesOf(symbol)
  if (bytes <= MAX_RPC_BYTES || symbol.kind !== 'function') return { symbol, bytes }
  const outer = { ...symbol, inlines: [] }
  return { symbol: outer, bytes: bytesOf(outer) }
}

/** About what a record takes beside its names. */
const RECORD_BYTES = 64

/** At most what a symbol has when it travels: a name with one character beyond Latin-1 has two bytes for each. */
function bytesOf(symbol: SymbolAt): number {
  if (symbol.kind === 'none') return RECORD_BYTES
  if (symbol.kind === 'public') return RECORD_BYTES + 2 * symbol.name.length
  const calls = symbol.inlines.reduce((sum, call) => sum + namesBytes(call.function, call.file), 0)
  return namesBytes(symbol.name, symbol.file) + calls
}

function namesBytes(name: string, file: string | null): number {
  return RECORD_BYTES + 2 * (name.length + (file?.length ?? 0))
}
