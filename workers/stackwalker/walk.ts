import { z } from 'zod'
import { MAX_MODULE_SIGNATURE_INFO_CHARS, STACKWALK_DEADLINE_MS } from '#shared/limits.ts'
import { errorText } from '#shared/log.ts'
import {
  STACKWALK_OPTIONS_HEADER,
  type StackwalkAnswer,
  type StackwalkDocument,
  type StackwalkOptions,
} from '#shared/minidump/stackwalk.ts'

/** The stackwalker service over HTTP: a container, or a process on this machine. The contract is the same. */
export interface StackwalkService {
  fetch(url: string, init?: RequestInit): Promise<Response>
}

const refusalSchema = z
  .object({ kind: z.string(), reason: z.string().optional(), retry_after_seconds: z.number().optional() })
  .catch({ kind: 'unknown' })

/** Sends one minidump to the service and names what came of it. Never throws. */
export async function walk(
  service: StackwalkService,
  minidump: ReadableStream<Uint8Array>,
  options: StackwalkOptions,
): Promise<StackwalkAnswer> {
  try {
    const response = await service.fetch('http://stackwalker/stackwalk', {
      method: 'POST',
      body: minidump,
      headers: { 'Content-Type': 'application/octet-stream', [STACKWALK_OPTIONS_HEADER]: optionsHeader(options) },
      signal: AbortSignal.timeout(STACKWALK_DEADLINE_MS),
    })
    if (response.status === 200 && response.body !== null) return { kind: 'answered', body: response.body }
    return answerOf(response.status, refusalSchema.parse(await response.json().catch(() => null)))
  } catch (thrown) {
    return { kind: 'unavailable', reason: errorText(thrown) }
  }
}

function answerOf(status: number, refusal: z.infer<typeof refusalSchema>): StackwalkAnswer {
  if (status === 413) return answered('MinidumpTooLarge', 'the minidump is larger than the stackwalker takes')
  if (status === 503 && refusal.kind === 'busy') return { kind: 'busy' }
  if (status === 503 && refusal.reason === 'symbols_indexing' && refusal.retry_after_seconds !== undefined) {
    return { kind: 'symbols_indexing', retry_after_seconds: refusal.retry_after_seconds }
  }
  return { kind: 'unavailable', reason: `HTTP ${status} ${refusal.reason ?? refusal.kind}` }
}

/** What the service refuses as it is would be refused again: it is the dump's own failure. */
function answered(status: string, detail: string): StackwalkAnswer {
  const document: StackwalkDocument = { kind: 'failed', status, detail }
  return { kind: 'answered', body: new Blob([JSON.stringify(document)]).stream() }
}

/** base64url of the options' JSON in UTF-8. */
function optionsHeader(options: StackwalkOptions): string {
  const { module_signature_info: info, ...others } = options
  const kept = info === undefined || info.length > MAX_MODULE_SIGNATURE_INFO_CHARS ? others : options
  const bytes = new TextEncoder().encode(JSON.stringify(kept))
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
