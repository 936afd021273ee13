/** What part of a file a `Range` header asks for (RFC 9110 section 14). */
export type ByteRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly offset: number; readonly length: number }
  | { readonly kind: 'unsatisfiable' }

const WHOLE: ByteRange = { kind: 'whole' }
const SINGLE_RANGE = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i

/**
 * Reads a `Range` header for a file of `sizeBytes`. One range is served: `a-b`, `a-`, or the last `-n` bytes. Several
 * ranges, other units and what cannot be read are as no header at all, which the standard allows.
 */
export function readByteRange(header: string | null, sizeBytes: number): ByteRange {
  const [, first = '', last = ''] = SINGLE_RANGE.exec(header ?? '') ?? []
  if (first === '' && last === '') return WHOLE
  if (first === '') return part(Math.max(0, sizeBytes - Number(last)), sizeBytes, Number(last) > 0)
  const offset = Number(first)
  if (last !== '' && Number(last) < offset) return WHOLE
  const end = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes)
  return part(offset, end, true)
}

function part(offset: number, end: number, isSatisfiable: boolean): ByteRange {
  return isSatisfiable && offset < end ? { kind: 'part', offset, length: end - offset } : { kind: 'unsatisfiable' }
}

/** What a client knows of its copy, against what the server has. */
export interface Validators {
  /** With its quotes. */
  readonly etag: string
  readonly modified: Date
}

/**
 * Whether the client's copy is still good, so that 304 is the answer. `If-None-Match` decides alone where it was
 * sent.
 */
export function isUnchanged(headers: Headers, { etag, modified }: Validators): boolean {
  const ifNoneMatch = headers.get('If-None-Match')
  if (ifNoneMatch !== null) {
    const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
    return tags.includes('*') || tags.includes(etag)
  }
  const since = Date.parse(headers.get('If-Modified-Since') ?? '')
  return wholeSeconds(modified) <= since
}

/** Whether a range may be added to what the client has: its `If-Range` names this very content, or it sent none. */
export function mayResume(headers: Headers, { etag, modified }: Validators): boolean {
  const ifRange = headers.get('If-Range')
  if (ifRange === null) return true
  return ifRange.includes('"') ? ifRange.trim() === etag : Date.parse(ifRange) === wholeSeconds(modified)
}

/** HTTP dates have no milliseconds. */
function wholeSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1_000) * 1_000
}
