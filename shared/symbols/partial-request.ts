import { z } from 'zod'
import { parseJsonUpTo } from '../bounded-json.ts'
import { MAX_JSON_DEPTH, MAX_PARTIAL_ADDRESSES, MAX_PARTIAL_MODULES } from '../limits.ts'
import type { LookupRequest } from './symbols-rpc.ts'

/** Why the JSON of `POST /symbols/partial` is refused (docs/howto/partial-symbols.md). */
export type ModulesRefusal = 'bad_address' | 'too_many_addresses' | 'too_many_modules' | 'malformed_json'

export interface ModulesRefused {
  readonly kind: 'refused'
  readonly reason: ModulesRefusal
  readonly text: string
}

const partialSchema = z.object({
  modules: z.array(z.object({ debug_file: z.string(), debug_id: z.string(), addresses: z.array(z.string()) })),
})

export type ModulesRead = { readonly kind: 'modules'; readonly modules: readonly LookupRequest[] } | ModulesRefused

/** Reads the JSON of a POST. Further properties are let be. */
export function readModules(text: string): ModulesRead {
  const json = parseJsonUpTo(MAX_JSON_DEPTH, text)
  const parsed = partialSchema.safeParse(json.kind === 'parsed' ? json.value : undefined)
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? ''
    const form = '{"modules":[{"debug_file":"…","debug_id":"…","addresses":["<hex>",…]},…]}'
    return refuse('malformed_json', `The body must be JSON such as ${form}${where === '' ? '' : `; look at ${where}`}`)
  }
  const { modules } = parsed.data
  if (modules.length > MAX_PARTIAL_MODULES) {
    return refuse('too_many_modules', `At most ${MAX_PARTIAL_MODULES} modules a request; split it`)
  }
  if (modules.reduce((sum, { addresses }) => sum + addresses.length, 0) > MAX_PARTIAL_ADDRESSES) {
    return refuse('too_many_addresses', `At most ${MAX_PARTIAL_ADDRESSES} addresses a request; split it`)
  }
  const read: LookupRequest[] = []
  for (const [at, module] of modules.entries()) {
    const addresses = module.addresses.map(readAddress)
    if (!addresses.every((address) => address !== null)) {
      const bad = addresses.indexOf(null)
      return refuse('bad_address', `modules.${at}.addresses.${bad} must be ${ADDRESS_FORM}`)
    }
    read.push({ debug_file: module.debug_file, debug_id: module.debug_id, addresses })
  }
  return { kind: 'modules', modules: read }
}

const ADDRESS = /^(?:0x)?([0-9a-f]{1,16})$/i
/** What {@link readAddress} takes, in words. */
export const ADDRESS_FORM = 'a number of 1 to 16 hex digits'

/** Reads an address of 1 to 16 hex digits, `0x` or not; null for what is none. */
export function readAddress(text: string): bigint | null {
  const digits = ADDRESS.exec(text)?.[1]
  return digits === undefined ? null : BigInt(`0x${digits}`)
}

function refuse(reason: ModulesRefusal, text: string): ModulesRefused {
  return { kind: 'refused', reason, text }
}
