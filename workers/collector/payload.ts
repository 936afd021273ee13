import { createHash } from 'node:crypto'
import { GunzipError, gunzip } from '#shared/gunzip.ts'
import {
  MAX_DUMP_NAME_CHARS,
  MAX_JSON_EXTRA_BYTES,
  MAX_PART_HEADER_BYTES,
  MAX_PARTS,
  MAX_REPORT_INFLATED_BYTES,
  MAX_REPORT_WIRE_BYTES,
} from '#shared/limits.ts'
import { type Part, readParts } from '#shared/multipart.ts'
import { MultipartError, parseMultipartType } from '#shared/multipart-headers.ts'
import { RESERVED_DUMP_NAMES } from '#shared/store/crash-keys.ts'
import { AnnotationBytes, DEFAULT_CHARSET } from './annotation-text.ts'
import type { MalformedReason, RefusalReason, UnavailableReason } from './answer.ts'
import { BodyError, countHeld, WireBody } from './body.ts'
import type { Hold } from './bytes-in-flight.ts'
import { HeldBytes } from './held-bytes.ts'
import { parseJsonExtra } from './json-extra.ts'
import { type Payload, PayloadParts } from './payload-parts.ts'

/** What a request's body is. */
export type PayloadReading =
  | { readonly kind: 'payload'; readonly payload: Payload; readonly compressed: boolean; readonly wireBytes: number }
  | { readonly kind: 'malformed'; readonly reason: MalformedReason }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | { readonly kind: 'unavailable'; readonly reason: UnavailableReason }

/**
 * Reads a request into crash annotations and dumps. The reasons are checked in the peer's order (specs/collector.md 1.5):
 * a body is read to its end even when a part of it is malformed, because a bad gzip or too many bytes count first, and
 * because a client that is still sending may not see an early answer.
 */
export async function readPayload(request: Request, hold: Hold, bodyDeadlineMs: number): Promise<PayloadReading> {
  const contentType = request.headers.get('Content-Type') ?? ''
  if (contentType === '') return malformed('no_content_type')
  const type = parseMultipartType(contentType)
  if (type.kind === 'not_multipart') return malformed('wrong_content_type')
  if (type.kind === 'no_boundary') return malformed('no_boundary')
  const announced = Number(request.headers.get('Content-Length') ?? Number.NaN)
  if (announced === 0) return malformed('no_content_length')
  if (announced > MAX_REPORT_WIRE_BYTES) return { kind: 'refused', reason: 'body_too_large' }
  const compressed = request.headers.get('Content-Encoding')?.trim().toLowerCase() === 'gzip'

  const wire = new WireBody(request.body, MAX_REPORT_WIRE_BYTES, bodyDeadlineMs)
  const source = compressed ? gunzip(wire.chunks(), MAX_REPORT_INFLATED_BYTES) : wire.chunks()
  try {
    const reading =
      type.kind === 'boundary_too_long'
        ? malformed('invalid_payload_structure')
        : await readPartsOf(countHeld(source, hold), type.boundary)
    // With nothing malformed the body has been read already.
    for await (const _rest of source);
    if (wire.wireBytes === 0) return malformed('no_content_length')
    return reading.kind === 'payload' ? { ...reading, compressed, wireBytes: wire.wireBytes } : reading
  } catch (thrown) {
    // An empty chunked body has no gzip header either; its missing length comes first.
    if (thrown instanceof GunzipError && wire.wireBytes === 0) return malformed('no_content_length')
    return failedReading(thrown)
  } finally {
    wire.close()
  }
}

type PartsReading =
  | { readonly kind: 'payload'; readonly payload: Payload }
  | { readonly kind: 'malformed'; readonly reason: MalformedReason }

/** Reads all parts. Leaves off at the first malformed one; the caller reads the rest of the body. */
async function readPartsOf(source: AsyncGenerator<Uint8Array>, boundary: string): Promise<PartsReading> {
  const limits = { maxParts: MAX_PARTS, maxPartHeaderBytes: MAX_PART_HEADER_BYTES }
  const parts = new PayloadParts()
  try {
    for await (const part of readParts(source, boundary, limits)) {
      const reason = await takePart(part, parts)
      if (reason !== null) return malformed(reason)
    }
  } catch (thrown) {
    if (thrown instanceof MultipartError) return malformed('invalid_payload_structure')
    throw thrown
  }
  return parts.hasAnnotations ? { kind: 'payload', payload: parts.finish() } : malformed('no_annotations')
}

/** Puts one part where it belongs (the table of specs/collector.md 1.2), or says what is malformed about it. */
async function takePart(part: Part, parts: PayloadParts): Promise<MalformedReason | null> {
  const { name, filename } = part
  const contentType = part.contentType ?? 'text/plain'
  if (name === null || name === '') return null
  if (contentType.startsWith('application/json')) {
    const extra = parseJsonExtra(await readJson(part.body))
    if (extra.kind === 'malformed') return extra.reason
    parts.replaceAnnotations(extra.entries, extra.notes)
    return null
  }
  if (contentType.startsWith('text/plain') && (filename === null || filename === '')) {
    const value = new AnnotationBytes()
    for await (const bytes of part.body) value.append(bytes)
    parts.addText(name, value, part.charset ?? DEFAULT_CHARSET)
    return null
  }
  const dumpName = name.replace(/[^A-Za-z0-9_]/g, '').slice(0, MAX_DUMP_NAME_CHARS)
  if (RESERVED_DUMP_NAMES.has(dumpName)) return 'invalid_dump_name'
  const bytes = new HeldBytes()
  const hash = createHash('sha256')
  for await (const chunk of part.body) {
    bytes.append(chunk)
    hash.update(chunk)
  }
  parts.addDump(name, dumpName, contentType, { bytes, sha256: hash.digest('hex') })
  return null
}

async function readJson(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const json = new HeldBytes()
  for await (const bytes of body) {
    json.append(bytes)
    if (json.length > MAX_JSON_EXTRA_BYTES) throw new BodyError('body_too_large')
  }
  return json.joined()
}

function malformed(reason: MalformedReason): { readonly kind: 'malformed'; readonly reason: MalformedReason } {
  return { kind: 'malformed', reason }
}

/** The outcome of an error out of the body; anything else is a bug and goes on. */
function failedReading(thrown: unknown): PayloadReading {
  if (thrown instanceof GunzipError) {
    return thrown.reason === 'bad_gzip' ? malformed('bad_gzip') : { kind: 'refused', reason: thrown.reason }
  }
  if (!(thrown instanceof BodyError)) throw thrown
  switch (thrown.reason) {
    case 'body_aborted':
      return malformed('invalid_payload_structure')
    case 'too_many_bytes_in_flight':
      return { kind: 'unavailable', reason: thrown.reason }
    case 'body_too_large':
    case 'body_timeout':
      return { kind: 'refused', reason: thrown.reason }
  }
}
