import { MAX_PARTIAL_BYTES, MAX_PARTIAL_BYTES_AN_ADDRESS, R2_CONCURRENCY } from '#shared/limits.ts'
import type { SymbolIndex } from '#shared/symbols/index/symbol-index.ts'
import { partialText } from '#shared/symbols/partial-answer.ts'
import type { LookupRequest, PartialOutcome } from '#shared/symbols/symbols-rpc.ts'
import { Connections, mapConcurrently } from './connections.ts'
import type { PartialLease } from './partial-room.ts'
import { type IndexReadDeps, newReadCost, readModuleIndex } from './symbol-indexes.ts'

/**
 * The records around the addresses of each module as text, in the order asked (SymbolsRpc.partial). All texts together have at most MAX_PARTIAL_BYTES, and
 * what the lease allows: addresses beyond are `unanswered`. Throws when R2 fails.
 */
export function partialModules(
  requests: readonly LookupRequest[],
  alsoTry: boolean,
  lease: PartialLease,
  deps: IndexReadDeps,
): Promise<readonly PartialOutcome[]> {
  const connections = new Connections()
  let waiting = requests.length
  let left = MAX_PARTIAL_BYTES
  return mapConcurrently(requests, async (request) => {
    // A module gets its share of what is left, and gives back what it does not use.
    const share = Math.floor(left / Math.min(R2_CONCURRENCY, waiting--))
    const granted = lease.grow(Math.min(share, request.addresses.length * MAX_PARTIAL_BYTES_AN_ADDRESS))
    left -= granted
    const outcome = await partialModule(request, alsoTry, granted, connections, deps)
    const unused = Math.max(0, granted - (outcome.kind === 'found' ? utf8Bytes(outcome.sym) : 0))
    lease.giveBack(unused)
    left += unused
    return outcome
  })
}

async function partialModule(
  request: LookupRequest,
  alsoTry: boolean,
  mostBytes: number,
  connections: Connections,
  deps: IndexReadDeps,
): Promise<PartialOutcome> {
  const work = (index: SymbolIndex) => partialText(index, request.addresses, mostBytes)
  const read = await readModuleIndex(request, alsoTry, connections, newReadCost(), deps, work)
  return read.kind === 'found' ? read.value : read
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length
}
