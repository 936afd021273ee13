import { MAX_BOUNDARY_CHARS } from './limits.ts'

/** Limits of one multipart body, given by the route: crash reports and symbol uploads differ. */
export interface MultipartLimits {
  readonly maxParts: number
  readonly maxPartHeaderBytes: number
}

/** What can be wrong with the structure of a multipart body. */
export type MultipartReason =
  | 'bad_delimiter_line'
  | 'bad_part_header'
  | 'no_closing_delimiter'
  | 'part_headers_too_large'
  | 'part_without_headers'
  | 'too_many_parts'
  | 'unsupported_transfer_encoding'

/** A body that is not the multipart that its Content-Type promised. The fault is the sender's. */
export class MultipartError extends Error {
  readonly reason: MultipartReason

  constructor(reason: MultipartReason) {
    super(`multipart: ${reason}`)
    this.name = 'MultipartError'
    this.reason = reason
  }
}

/** What the headers of a part say. `null` is "not said"; a name or filename may also be empty. */
export interface PartHeaders {
  readonly name: string | null
  readonly filename: string | null
  /** The Content-Type as sent, with its parameters. */
  readonly contentType: string | null
  /** The `charset` parameter of the Content-Type. */
  readonly charset: string | null
}

/** What a request's Content-Type says about its boundary. */
export type MultipartType =
  | { readonly kind: 'multipart'; readonly boundary: string }
  | { readonly kind: 'not_multipart' }
  | { readonly kind: 'no_boundary' }
  | { readonly kind: 'boundary_too_long' }

/** Transfer encodings that leave the bytes as they are; the peer refuses base64 and quoted-printable too. */
const IDENTITY_ENCODINGS: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary'])

/** `; name=value` of a header: value a token, or a quoted string with backslash escapes. */
const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([^;]*))/g

/**
 * Reads the Content-Type of a multipart request. Case does not matter and `boundary` may stand anywhere among the
 * parameters; the peer's strictness there rejected legal requests (specs/collector.md 4.3, P10).
 */
export function parseMultipartType(contentType: string): MultipartType {
  const { value, parameters } = parseHeader(contentType)
  const mediaType = value.toLowerCase()
  if (mediaType !== 'multipart/form-data' && mediaType !== 'multipart/mixed') return { kind: 'not_multipart' }
  const boundary = parameters.get('boundary') ?? ''
  if (boundary === '') return { kind: 'no_boundary' }
  return boundary.length > MAX_BOUNDARY_CHARS ? { kind: 'boundary_too_long' } : { kind: 'multipart', boundary }
}

/** Parses the header lines of a part. Throws {@link MultipartError} for a line that is no header and for an encoded body. */
export function parsePartHeaders(block: Uint8Array): PartHeaders {
  const lines = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
    .decode(block)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const fields = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon <= 0) throw new MultipartError('bad_part_header')
    fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  const encoding = fields.get('content-transfer-encoding')
  if (encoding !== undefined && !IDENTITY_ENCODINGS.has(encoding.toLowerCase())) {
    throw new MultipartError('unsupported_transfer_encoding')
  }
  const disposition = parseHeader(fields.get('content-disposition') ?? '').parameters
  const contentType = fields.get('content-type') ?? null
  return {
    name: disposition.get('name') ?? null,
    filename: extendedValue(disposition.get('filename*')) ?? disposition.get('filename') ?? null,
    contentType,
    charset: parseHeader(contentType ?? '').parameters.get('charset') ?? null,
  }
}

/**
 * A header's value and its parameters by lower-case name; of a repeated parameter the first counts. A backslash escapes only
 * a quote or a backslash: Breakpad on Windows sends paths as they are, `filename="C:\dumps\a.dmp"`.
 */
function parseHeader(header: string): { readonly value: string; readonly parameters: ReadonlyMap<string, string> } {
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, token = ''] of header.matchAll(PARAMETER)) {
    const key = name.toLowerCase()
    if (!parameters.has(key))
      parameters.set(key, quoted === undefined ? token.trim() : quoted.replace(/\\(["\\])/g, '$1'))
  }
  return { value: header.split(';', 1)[0]?.trim() ?? '', parameters }
}

/** A value of the form `charset'language'percent-encoded` (RFC 8187), or undefined where it is not in that form. */
function extendedValue(value: string | undefined): string | undefined {
  const encoded = /^utf-8'[^']*'(.*)$/i.exec(value ?? '')?.[1]
  if (encoded === undefined) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}
