import { z } from 'zod'
import { BodyProblem, requestChunks } from '#shared/http/request-chunks.ts'
import {
  MAX_SIGNATURE_BATCH_BYTES,
  MAX_SIGNATURE_JOBS,
  MAX_SIGNATURE_LINE_BYTES,
  MAX_SIGNATURE_LINES,
  MAX_SIGNATURE_STREAM_BYTES,
  R2_DEADLINE_MS,
  SIGNATURE_BODY_IDLE_MS,
} from '#shared/limits.ts'
import { isObject, readCrashData } from '#shared/signature/crash-data.ts'
import { generateSignature } from '#shared/signature/generate.ts'
import type { SignatureLists } from '#shared/signature/lists.ts'
import { textLines } from '#shared/text-lines.ts'
import type { Answer } from '../deps.ts'
import { askStage } from '../stage-unavailable.ts'
import { errorAnswer } from './api-answer.ts'
import type { Model } from './model.ts'

/**
 * `POST /api/CrashSignature/`: signs crash data, stored nowhere (specs/webapp.md 2.2). `application/json`: `{"jobs": [crash data…]}` →
 * `{"results": […]}`. `application/x-ndjson`: one crash data a line, one result a line, while the body still comes; a line that cannot be signed gives
 * `{"error", "line"}` in its place. A processed crash is taken for its crash data. The header `Debug: 1` adds `debug_log`.
 */
const answer: Answer = async (context, deps) => {
  const { headers, body } = context.req.raw
  const mediaType = (headers.get('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (mediaType !== 'application/json' && mediaType !== 'application/x-ndjson')
    return errorAnswer(415, 'Content-Type must be application/json or application/x-ndjson')
  const maxBytes = mediaType === 'application/json' ? MAX_SIGNATURE_BATCH_BYTES : MAX_SIGNATURE_STREAM_BYTES
  if (Number(headers.get('Content-Length') ?? 0) > maxBytes) return tooLargeAnswer(maxBytes)
  const lists = await askStage('signature lists', 2 * R2_DEADLINE_MS, deps.signatureLists.current())
  const sign = (value: unknown): Result | null => signed(value, lists, headers.get('Debug') === '1')
  return mediaType === 'application/json' ? signBatch(body, sign) : signLines(body, sign)
}

const crashDataSchema = z.looseObject({}).meta({ description: 'Crash data, or a whole processed crash.' })
const resultSchema = z.looseObject({
  signature: z.string(),
  notes: z.array(z.string()),
  extra: z.object({ normalized_frames: z.array(z.string()).optional(), proto_signature: z.string().optional() }),
})

export const crashSignature: Model = {
  name: 'CrashSignature',
  about: 'Makes the signatures of crash data, and keeps nothing of it. The header `Debug: 1` tells how.',
  verbs: ['POST'],
  needs: null,
  cacheSeconds: 0,
  parameters: {},
  body: {
    'application/json': z.object({ jobs: z.array(crashDataSchema).min(1) }),
    'application/x-ndjson': crashDataSchema,
  },
  results: { 'application/json': z.object({ results: z.array(resultSchema) }), 'application/x-ndjson': resultSchema },
  answer,
}

/** One signed crash: the peer's keys, and what made the signature, because lists change more often than crashes are signed. */
interface Result {
  readonly signature: string
  readonly notes: readonly string[]
  readonly extra: { readonly normalized_frames?: readonly string[]; readonly proto_signature?: string }
  readonly signature_version: string
  readonly signature_lists_hash: string
  readonly debug_log?: readonly string[]
}

type Sign = (value: unknown) => Result | null

/** Null where the value is no crash data at all. */
function signed(value: unknown, lists: SignatureLists, withDebug: boolean): Result | null {
  const crashData = readCrashData(value)
  if (crashData === null) return null
  const debugLog: string[] = []
  const generated = generateSignature(crashData, lists, withDebug ? (line) => debugLog.push(line) : undefined)
  const { signature, notes, proto_signature, normalized_frames, signature_version, signature_lists_hash } = generated
  return {
    signature,
    notes,
    extra: proto_signature === null ? {} : { normalized_frames, proto_signature },
    signature_version,
    signature_lists_hash,
    ...(withDebug ? { debug_log: debugLog } : {}),
  }
}

const NO_STORE = { 'Cache-Control': 'private, no-store' }

async function signBatch(body: ReadableStream<Uint8Array> | null, sign: Sign): Promise<Response> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of requestChunks(body, MAX_SIGNATURE_BATCH_BYTES, SIGNATURE_BODY_IDLE_MS))
      text += decoder.decode(chunk, { stream: true })
    text += decoder.decode()
  } catch (thrown) {
    if (!(thrown instanceof BodyProblem)) throw thrown
    return problemAnswer(thrown)
  }
  const batch = parsedJson(text)
  if (batch === undefined) return errorAnswer(400, 'Bad request: the body is not JSON')
  const jobs = isObject(batch) ? batch.jobs : undefined
  if (jobs !== undefined && jobs !== null && !Array.isArray(jobs))
    return errorAnswer(400, 'Bad request: jobs is not a list')
  if (!Array.isArray(jobs) || jobs.length === 0) return errorAnswer(400, 'no jobs specified')
  if (jobs.length > MAX_SIGNATURE_JOBS)
    return errorAnswer(
      400,
      `Bad request: at most ${MAX_SIGNATURE_JOBS} jobs a request; send more as application/x-ndjson`,
    )
  const results: Result[] = []
  for (const [at, job] of jobs.entries()) {
    const result = sign(job)
    if (result === null) return errorAnswer(400, `Bad request: jobs[${at}] is not an object of crash data`)
    results.push(result)
  }
  return Response.json({ results }, { headers: NO_STORE })
}

function tooLargeAnswer(maxBytes: number): Response {
  return errorAnswer(413, `The body has more than ${maxBytes} bytes; send it in parts, application/x-ndjson takes most`)
}

function problemAnswer({ reason }: BodyProblem): Response {
  switch (reason) {
    case 'body_too_large':
      return tooLargeAnswer(MAX_SIGNATURE_BATCH_BYTES)
    case 'body_timeout':
      return errorAnswer(408, `No bytes came for ${SIGNATURE_BODY_IDLE_MS / 1_000} s`)
    case 'body_aborted':
      return errorAnswer(400, 'Bad request: the body ended too early')
  }
}

/** The answer starts with the first result, so a later problem of the body is its last line. */
async function signLines(body: ReadableStream<Uint8Array> | null, sign: Sign): Promise<Response> {
  const lines = resultLines(body, sign)
  const first = await lines.next()
  if (first.done === true) return errorAnswer(400, 'no jobs specified')
  const encoder = new TextEncoder()
  const encoded = (line: ResultLine) => encoder.encode(`${JSON.stringify(line)}\n`)
  const results = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoded(first.value))
    },
    async pull(controller) {
      const { done, value } = await lines.next()
      if (done === true) controller.close()
      else controller.enqueue(encoded(value))
    },
    async cancel() {
      await lines.return()
    },
  })
  return new Response(results, { headers: { 'Content-Type': 'application/x-ndjson', ...NO_STORE } })
}

type ResultLine = Result | { readonly error: string; readonly line: number }

async function* resultLines(
  body: ReadableStream<Uint8Array> | null,
  sign: Sign,
): AsyncGenerator<ResultLine, void, void> {
  let count = 0
  let lastLine = 0
  try {
    const chunks = requestChunks(body, MAX_SIGNATURE_STREAM_BYTES, SIGNATURE_BODY_IDLE_MS)
    for await (const line of textLines(chunks, MAX_SIGNATURE_LINE_BYTES)) {
      lastLine = line.number
      count += 1
      if (count > MAX_SIGNATURE_LINES) {
        yield { error: `at most ${MAX_SIGNATURE_LINES} lines a request; send the rest in another`, line: line.number }
        return
      }
      yield resultOf(line.kind === 'line' ? line.text : null, line.number, sign)
    }
  } catch (thrown) {
    if (!(thrown instanceof BodyProblem)) throw thrown
    yield { error: `${thrown.reason}: nothing after this line was signed`, line: lastLine + 1 }
  }
}

function resultOf(text: string | null, line: number, sign: Sign): ResultLine {
  if (text === null) return { error: `the line has more than ${MAX_SIGNATURE_LINE_BYTES} bytes`, line }
  const value = parsedJson(text)
  if (value === undefined) return { error: 'the line is not JSON', line }
  return sign(value) ?? { error: 'the line is not an object of crash data', line }
}

/** Undefined where the text is not JSON. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
