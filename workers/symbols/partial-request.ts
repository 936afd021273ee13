import { MAX_PARTIAL_GET_ADDRESSES } from '#shared/limits.ts'
import { ADDRESS_FORM, type ModulesRefusal, readAddress } from '#shared/symbols/partial-request.ts'
import type { UploadBodyReason } from './upload-body.ts'

/** Why a request for partial symbol files is refused; every reason is the client's to mend (docs/howto/partial-symbols.md). */
export type PartialRefusal = 'no_address' | ModulesRefusal | UploadBodyReason

export interface PartialRefused {
  readonly kind: 'refused'
  readonly reason: PartialRefusal
  readonly text: string
}

/** Which answer a path of the partial routes asks for. */
export type PartialPath =
  | { readonly kind: 'module'; readonly debugFile: string; readonly debugId: string; readonly alsoTry: boolean }
  | { readonly kind: 'modules'; readonly alsoTry: boolean }

const PARTIAL_PATH = /^(\/try)?\/symbols\/partial(?:\/([^/]+)\/([0-9A-Fa-f]{1,255}))?\/?$/

/** Reads `/symbols/partial/<debug file>/<debug id>` and `/symbols/partial`, also under `/try`; null for every other path. */
export function parsePartialPath(pathname: string): PartialPath | null {
  const [matched, tryPrefix, debugFile, debugId] = PARTIAL_PATH.exec(pathname) ?? []
  if (matched === undefined) return null
  const alsoTry = tryPrefix !== undefined
  if (debugFile === undefined || debugId === undefined) return { kind: 'modules', alsoTry }
  try {
    return { kind: 'module', debugFile: decodeURIComponent(debugFile), debugId, alsoTry }
  } catch {
    return null
  }
}

export type AddressesRead = { readonly kind: 'addresses'; readonly addresses: readonly bigint[] } | PartialRefused

/** Reads the `address` parameters of a GET. */
export function readAddresses(parameters: URLSearchParams): AddressesRead {
  const texts = parameters.getAll('address')
  if (texts.length === 0) return refuse('no_address', 'Name the addresses: ?address=<hex>, relative to the module')
  if (texts.length > MAX_PARTIAL_GET_ADDRESSES) {
    const text = `At most ${MAX_PARTIAL_GET_ADDRESSES} addresses a GET; POST /symbols/partial takes more`
    return refuse('too_many_addresses', text)
  }
  const addresses = texts.map(readAddress)
  if (addresses.every((address) => address !== null)) return { kind: 'addresses', addresses }
  return refuse('bad_address', `address must be ${ADDRESS_FORM}`)
}

function refuse(reason: PartialRefusal, text: string): PartialRefused {
  return { kind: 'refused', reason, text }
}
