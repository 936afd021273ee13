import { SYMBOL_LOOKUP_ADDRESSES, SYMBOL_LOOKUP_MODULES } from '#shared/limits.ts'
import type { LookupRequest } from '#shared/symbols/symbols-rpc.ts'

/** A module as a client names it; either may be empty. */
export interface AskedModule {
  readonly debugFile: string
  readonly debugId: string
}

/** One module of one call to the symbols Worker. */
export interface AskedPart {
  readonly key: string
  readonly request: LookupRequest
}

/** Two spellings of one debug id are one module. */
export function moduleKey({ debugFile, debugId }: AskedModule): string {
  return `${debugFile}/${debugId.toUpperCase()}`
}

/** The addresses of one request, gathered so that each is asked for once. */
export class AskedAddresses {
  readonly #modules = new Map<string, { readonly asked: AskedModule; readonly addresses: Set<bigint> }>()

  /** Asks for a module, and for an address in it unless that is negative. One without a name or id is not asked for. */
  add(asked: AskedModule, address: bigint): void {
    if (asked.debugFile === '' || asked.debugId === '') return
    const key = moduleKey(asked)
    let module = this.#modules.get(key)
    if (module === undefined) {
      module = { asked, addresses: new Set() }
      this.#modules.set(key, module)
    }
    if (address >= 0n) module.addresses.add(address)
  }

  keys(): Iterable<string> {
    return this.#modules.keys()
  }

  /** Calls of at most SYMBOL_LOOKUP_ADDRESSES and SYMBOL_LOOKUP_MODULES. Addresses ascend, so that neighbours meet in one block. */
  calls(): AskedPart[][] {
    const calls: AskedPart[][] = []
    let room = 0
    for (const [key, { asked, addresses }] of this.#modules) {
      const sorted = [...addresses].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
      for (let at = 0; at === 0 || at < sorted.length; at += SYMBOL_LOOKUP_ADDRESSES) {
        const part = sorted.slice(at, at + SYMBOL_LOOKUP_ADDRESSES)
        let call = calls.at(-1)
        if (call === undefined || call.length >= SYMBOL_LOOKUP_MODULES || part.length > room) {
          call = []
          calls.push(call)
          room = SYMBOL_LOOKUP_ADDRESSES
        }
        call.push({ key, request: { debug_file: asked.debugFile, debug_id: asked.debugId, addresses: part } })
        room -= part.length
      }
    }
    return calls
  }
}
