import type { MalformedReason, RefusalReason, UnavailableReason } from '#shared/collector-outcomes.ts'
import { GunzipError, gunzip } from '#shared/gunzip.ts'
import {
  MAX_OVERSIZE_INFLATED_BYTES,
  MAX_OVERSIZE_WIRE_BYTES,
  MAX_PART_HEADER_BYTES,
  MAX_PARTS,
  MAX_REPORT_INFLATED_BYTES,
  MAX_REPORT_WIRE_BYTES,
} from '#shared/limits.ts'
import { readParts } from '#shared/multipart.ts'
import { MultipartError, parseMultipartType } from '#shared/multipart-headers.ts'
import { BodyError, WireBody } from './body.ts'
import type { Hold } from './bytes-in-flight.ts'
import { type Payload, PayloadParts } from './payload-parts.ts'

/** What a request's body is. */
export type PayloadReading =
  | { readonly kind: 'payload'; readonly payload: Payload; readonly compressed: boolean; readonly wireBytes: number }
  | { readonly kind: 'malformed'; readonly reason: MalformedReason }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | { readonly kind: 'unavailable'; readonly reason: UnavailableReason }

/** What reading a body needs beside the request. */
export interface PayloadDeps {
  /** Where the bytes are counted that are kept. */
  readonly hold: Hold
  readonly bodyDeadlineMs: number
  /** What becomes of a report that is too large: 413, or its annotations without its dumps. */
  readonly oversize: 'refuse' | 'annotations'
}

/**
 * Reads a request into crash annotations and dumps. The reasons are checked in the peer's order (specs/collector.md 1.5):
 * a body is read to its end even when a part of it is malformed, because a bad gzip or too many bytes count first, and
 * because a client that is still sending may not see an early answer.
 */
export async function readPayload(request: Request, deps: PayloadDeps): Promise<PayloadReading> {
  const contentType = request.headers.get('Content-Type') ?? ''
  if (contentType === '') return malformed('no_content_type')
  const type = parseMultipartType(contentType)
  if (type.kind === 'not_multipart') return malformed('wrong_content_type')
  if (type.kind === 'no_boundary') return malformed('no_boundary')
  const announced = Number(request.headers.get('Content-Length') ?? Number.NaN)
  if (announced === 0) return malformed('no_content_length')
  const caps = READ_CAPS[deps.oversize]
  if (announced > caps.wireBytes) return { kind: 'refused', reason: 'body_too_large' }
  const compressed = request.headers.get('Content-Encoding')?.trim().toLowerCase() === 'gzip'

  const wire = new WireBody(request.body, caps.wireBytes, deps.bodyDeadlineMs)
  const parts = new PayloadParts(deps.hold)
  if (announced > MAX_REPORT_WIRE_BYTES) parts.leaveOutDumps('body_too_large')
  const inflated = compressed ? gunzip(wire.chunks(), caps.inflatedBytes) : wire.chunks()
  const source = leavingOutDumps(inflated, wire, parts)
  try {
    const reading =
      type.kind === 'boundary_too_long'
        ? malformed('invalid_payload_structure')
        : await readPartsOf(source, type.boundary, parts)
    // With nothing malformed the body has been read already.
    for await (const _rest of source);
    if (wire.wireBytes === 0) return malformed('no_content_length')
    if (reading !== null) return parts.oversize === null ? reading : { kind: 'refused', reason: parts.oversize }
  } catch (thrown) {
    // An empty chunked body has no gzip header either; its missing length comes first.
    if (thrown instanceof GunzipError && wire.wireBytes === 0) return malformed('no_content_length')
    const failed = failedReading(thrown)
    if (parts.oversize === null || failed.kind === 'unavailable') return failed
    // What a report is too large for is known already: here its annotations end.
    if (failed.kind === 'malformed') return { kind: 'refused', reason: parts.oversize }
  } finally {
    wire.close()
  }
  if (!parts.hasAnnotations) {
    return parts.oversize === null ? malformed('no_annotations') : { kind: 'refused', reason: parts.oversize }
  }
  const payload = parts.finish(request.headers.get('User-Agent'))
  return { kind: 'payload', payload, compressed, wireBytes: wire.wireBytes }
}

/** How far a body is read. Annotations may stand behind the dump that makes a report too large. */
const READ_CAPS = {
  refuse: { wireBytes: MAX_REPORT_WIRE_BYTES, inflatedBytes: MAX_REPORT_INFLATED_BYTES },
  annotations: { wireBytes: MAX_OVERSIZE_WIRE_BYTES, inflatedBytes: MAX_OVERSIZE_INFLATED_BYTES },
} as const

/** Passes bytes on, and leaves out the dumps as soon as the report is seen to be too large: nothing is held above the caps. */
async function* leavingOutDumps(
  source: AsyncIterable<Uint8Array>,
  wire: WireBody,
  parts: PayloadParts,
): AsyncGenerator<Uint8Array, void, void> {
  let inflatedBytes = 0
  for await (const bytes of source) {
    inflatedBytes += bytes.length
    if (wire.wireBytes > MAX_REPORT_WIRE_BYTES) parts.leaveOutDumps('body_too_large')
    else if (inflatedBytes > MAX_REPORT_INFLATED_BYTES) parts.leaveOutDumps('inflated_too_large')
    yield bytes
  }
}

/** Reads all parts, or says what is malformed. Leaves off at the first malformed one; the caller reads the rest of the body. */
async function readPartsOf(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
  parts: PayloadParts,
): Promise<ReturnType<typeof malformed> | null> {
  const limits = { maxParts: MAX_PARTS, maxPartHeaderBytes: MAX_PART_HEADER_BYTES }
  try {
    for await (const part of readParts(source, boundary, limits)) {
      const reason = await parts.take(part)
      if (reason !== null) return malformed(reason)
    }
    return null
  } catch (thrown) {
    if (thrown instanceof MultipartError) return malformed('invalid_payload_structure')
    throw thrown
  }
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
