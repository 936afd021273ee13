/** One part: header lines without their end, and the body as text (UTF-8) or bytes. */
export interface PartToSend {
  readonly headers: readonly string[]
  readonly body: string | Uint8Array
}

/** The boundary of every body here unless a case says another. */
export const BOUNDARY = 'mayday-conformance'

/** A text part, as old clients send each annotation. */
export function text(name: string, body: string | Uint8Array, contentType?: string): PartToSend {
  return part(`form-data; name="${name}"`, body, contentType)
}

/** A JSON part, as Firefox sends all annotations. */
export function extra(body: string | Uint8Array, contentType = 'application/json', name = 'extra'): PartToSend {
  return part(`form-data; name="${name}"; filename="extra.json"`, body, contentType)
}

/** A dump part. */
export function dump(name: string, body: string | Uint8Array, contentType = 'application/octet-stream'): PartToSend {
  return part(`form-data; name="${name}"; filename="${name}.dmp"`, body, contentType)
}

/** A part with any disposition. */
export function part(disposition: string, body: string | Uint8Array, contentType?: string): PartToSend {
  const type = contentType === undefined ? [] : [`Content-Type: ${contentType}`]
  return { headers: [`Content-Disposition: ${disposition}`, ...type], body }
}

/** The bytes of a multipart body. */
export function multipart(parts: readonly PartToSend[], boundary = BOUNDARY): Uint8Array<ArrayBuffer> {
  const pieces = parts.flatMap(({ headers, body }) => [
    `--${boundary}\r\n${headers.join('\r\n')}\r\n\r\n`,
    body,
    '\r\n',
  ])
  return join([...pieces, `--${boundary}--\r\n`])
}

/** Texts and bytes, one after the other. */
export function join(pieces: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const encoded = pieces.map((piece) => (typeof piece === 'string' ? new TextEncoder().encode(piece) : piece))
  const whole = new Uint8Array(encoded.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of encoded) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
