/** Why a symbols zip is refused. The fault is the zip's: the same bytes are refused every time. */
export type ZipRefusal =
  | { readonly reason: 'not_a_zip' }
  | { readonly reason: 'damaged'; readonly detail: string }
  | { readonly reason: 'too_many_entries'; readonly most: number }
  | { readonly reason: 'directory_too_large'; readonly mostBytes: number }
  | { readonly reason: 'entry_too_large'; readonly name: string; readonly mostBytes: number }
  | { readonly reason: 'inflates_too_large'; readonly mostBytes: number }
  | { readonly reason: 'wrong_size'; readonly name: string; readonly declaredBytes: number }
  | { readonly reason: 'bad_data'; readonly name: string }
  | { readonly reason: 'bad_crc'; readonly name: string }
  | { readonly reason: 'overlapping_entries'; readonly name: string }
  | { readonly reason: 'encrypted'; readonly name: string }
  | { readonly reason: 'unsupported_compression'; readonly name: string; readonly method: number }
  | { readonly reason: 'duplicate_member'; readonly name: string; readonly sizes: readonly [number, number] }
  | { readonly reason: 'denied_snippet'; readonly snippet: string }
  | { readonly reason: 'unrecognized_pattern'; readonly name: string }

/** Names in a message are cut: a zip may hold names of 64 KB. */
const MAX_SHOWN_NAME_CHARS = 300

/** What the uploader reads: the peer's words where it has them (specs/symbols.md 1.2, sic), else what to do. */
export function zipRefusalText(refusal: ZipRefusal): string {
  switch (refusal.reason) {
    case 'not_a_zip':
      return 'File is not a zip file'
    case 'damaged':
      return `The zip file is damaged: ${refusal.detail}`
    case 'too_many_entries':
      return `The zip file has more than ${refusal.most} entries; split it`
    case 'directory_too_large':
      return `The directory of the zip file is larger than ${refusal.mostBytes} bytes; split it`
    case 'entry_too_large':
      return `${shown(refusal.name)} inflates to more than ${refusal.mostBytes} bytes`
    case 'inflates_too_large':
      return `The zip file inflates to more than ${refusal.mostBytes} bytes; split it`
    case 'wrong_size':
      return `${shown(refusal.name)} does not inflate to the ${refusal.declaredBytes} bytes that the zip file says`
    case 'bad_data':
      return `${shown(refusal.name)} has damaged compressed data`
    case 'bad_crc':
      return `Bad CRC-32 for file '${shown(refusal.name)}'`
    case 'overlapping_entries':
      return `${shown(refusal.name)} overlaps another entry of the zip file`
    case 'encrypted':
      return `${shown(refusal.name)} is encrypted; upload symbols without a password`
    case 'unsupported_compression':
      return `${shown(refusal.name)} is compressed by method ${refusal.method}; use deflate or no compression`
    case 'duplicate_member': {
      const [first, second] = refusal.sizes
      return `The zipfile buffer contains two files both called ${shown(refusal.name)} and they have difference sizes (${first} != ${second})`
    }
    case 'denied_snippet':
      return `Content of archive file contains the snippet '${refusal.snippet}' which is not allowed`
    case 'unrecognized_pattern':
      return `Unrecognized file pattern. Should only be <module>/<hex>/<file> or <name>-symbols.txt and nothing else. (First unrecognized pattern was '${shown(refusal.name)}')`
  }
}

function shown(name: string): string {
  return name.length > MAX_SHOWN_NAME_CHARS ? `${name.slice(0, MAX_SHOWN_NAME_CHARS)}…` : name
}
