import type { Clock } from '#shared/clock.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { withDeadline } from '#shared/deadline.ts'
import {
  MAX_PING_BYTES,
  MAX_PINGS,
  MAX_PINGS_BYTES,
  PINGS_A_BATCH,
  PINGS_BATCH_BYTES,
  RPC_DEADLINE_MS,
  SYMBOLICATION_BODY_IDLE_MS,
} from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import { searchDocument } from '#shared/search/document.ts'
import { instantOf } from '#shared/search/instant.ts'
import type { SearchDocument } from '#shared/search/search-rpc.ts'
import type { SignatureListSource } from '#shared/signature/list-source.ts'
import { textLines } from '#shared/text-lines.ts'
import { type Refusal, refuse, streamedAnswer } from './answer.ts'
import { AskedAddresses } from './asked-addresses.ts'
import { lookupSymbols, type SymbolLookup } from './lookup-symbols.ts'
import type { Hold, MemoryBudget } from './memory-budget.ts'
import { type CrashPing, readPing } from './ping.ts'
import type { PingCounter } from './ping-counter.ts'
import { pingCrashId } from './ping-crash-id.ts'
import { BUSY, bodyChunks, bodyRefusal, isBodyFailure, NOT_JSON, readText, UNKNOWN_ENCODING } from './request-body.ts'
import { askForPing, isPending, type SignedPing, signPing } from './sign-ping.ts'

export interface CrashPingDeps {
  readonly symbols: SymbolLookup
  readonly signatureLists: SignatureListSource
  /** Null where pings are signed and not counted. */
  readonly counter: PingCounter | null
  readonly budget: MemoryBudget
  readonly clock: Clock
  readonly log: Log
}

/** One line of the answer: a signed ping, and whether it was counted (again counts as counted), or why there is none. */
type PingAnswer = (SignedPing & { readonly counted: boolean }) | { readonly error: string; readonly line: number }

export type CrashPingOutcome = { readonly kind: 'answered'; readonly response: Response } | Refusal

/** A line of the body, or the whole of it. */
interface PingText {
  readonly line: number
  /** Null: longer than MAX_PING_BYTES. */
  readonly text: string | null
}

/**
 * `POST /crash-ping`: symbolicates a crash ping, signs it by the rules of crash reports, and counts it once a document id. One JSON object, or with
 * `application/x-ndjson` one a line; a line that is no ping gives `{"error", "line"}` in its place.
 */
export async function crashPing(request: Request, deps: CrashPingDeps): Promise<CrashPingOutcome> {
  const mediaType = (request.headers.get('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  return mediaType === 'application/x-ndjson' ? answerLines(request, deps) : answerOne(request, deps)
}

async function answerOne(request: Request, deps: CrashPingDeps): Promise<CrashPingOutcome> {
  const hold = deps.budget.hold()
  try {
    const body = await readText(request, MAX_PING_BYTES, SYMBOLICATION_BODY_IDLE_MS, hold)
    if (body.kind === 'refused') return body
    const [answer] = await answersOf([{ line: 1, text: body.text }], hold, deps)
    if (answer === undefined) return NOT_JSON
    if ('error' in answer) return refuse('bad_request', answer.error)
    return {
      kind: 'answered',
      response: streamedAnswer('application/json', only(JSON.stringify(answer)), () => undefined),
    }
  } finally {
    hold.release()
  }
}

function* only(text: string): Generator<string> {
  yield text
}

async function answerLines(request: Request, deps: CrashPingDeps): Promise<CrashPingOutcome> {
  const lines = answeredLines(request, deps)
  try {
    const first = await lines.next()
    if (first.done === true) return first.value ?? refuse('bad_request', 'no pings specified')
    return {
      kind: 'answered',
      response: streamedAnswer('application/x-ndjson', startingWith(first.value, lines), () => undefined),
    }
  } catch (thrown) {
    await lines.return(null)
    throw thrown
  }
}

async function* startingWith(first: string, rest: AsyncGenerator<string, unknown>): AsyncGenerator<string> {
  try {
    yield first
    yield* rest
  } finally {
    await rest.return(null)
  }
}

/** The lines of the answer, batch by batch. What ends the body before the first line is the answer; afterwards it is the last line. */
async function* answeredLines(request: Request, deps: CrashPingDeps): AsyncGenerator<string, Refusal | null> {
  let answered = 0
  let lastLine = 0
  for await (const batch of batches(request)) {
    if (batch.kind === 'refused') {
      if (answered === 0) return batch
      const error = `${batch.title}; nothing from this line on was signed`
      yield lineText({ error, line: lastLine + 1 })
      return null
    }
    for (const answer of await batchAnswers(batch.pings, deps)) yield lineText(answer)
    answered += batch.pings.length
    lastLine = batch.pings.at(-1)?.line ?? lastLine
  }
  return null
}

async function batchAnswers(pings: readonly PingText[], deps: CrashPingDeps): Promise<readonly PingAnswer[]> {
  const hold = deps.budget.hold()
  try {
    const isHeld = hold.add(pings.reduce((bytes, { text }) => bytes + (text?.length ?? 0), 0))
    return isHeld ? await answersOf(pings, hold, deps) : pings.map(({ line }) => ({ error: BUSY.title, line }))
  } finally {
    hold.release()
  }
}

const lineText = (answer: PingAnswer): string => `${JSON.stringify(answer)}\n`

type Batch = { readonly kind: 'batch'; readonly pings: readonly PingText[] } | Refusal

async function* batches(request: Request): AsyncGenerator<Batch, void, void> {
  let pings: PingText[] = []
  let bytes = 0
  let count = 0
  try {
    const chunks = bodyChunks(request, MAX_PINGS_BYTES, SYMBOLICATION_BODY_IDLE_MS)
    if (chunks === null) {
      yield UNKNOWN_ENCODING
      return
    }
    for await (const line of textLines(chunks, MAX_PING_BYTES)) {
      if (count >= MAX_PINGS) {
        if (pings.length > 0) yield { kind: 'batch', pings }
        yield refuse('bad_request', `at most ${MAX_PINGS} pings a request: send the rest in another`)
        return
      }
      count += 1
      pings.push({ line: line.number, text: line.kind === 'line' ? line.text : null })
      bytes += line.kind === 'line' ? line.text.length : 0
      if (pings.length < PINGS_A_BATCH && bytes < PINGS_BATCH_BYTES) continue
      yield { kind: 'batch', pings }
      pings = []
      bytes = 0
    }
    if (pings.length > 0) yield { kind: 'batch', pings }
  } catch (thrown) {
    if (!isBodyFailure(thrown)) throw thrown
    if (pings.length > 0) yield { kind: 'batch', pings }
    yield bodyRefusal(thrown, MAX_PINGS_BYTES)
  }
}

/** Symbolicates, signs and counts some pings together; answers each in order. */
async function answersOf(texts: readonly PingText[], hold: Hold, deps: CrashPingDeps): Promise<readonly PingAnswer[]> {
  const nowMs = deps.clock()
  const readings = texts.map(({ line, text }) => ({
    line,
    reading: text === null ? null : readPing(text),
  }))
  const asked = new AskedAddresses()
  for (const { reading } of readings) if (reading?.kind === 'read') askForPing(reading.ping, asked)
  const [symbols, lists] = await Promise.all([
    lookupSymbols(asked, { ...deps, hold, keep: (_address, symbol) => symbol }),
    deps.signatureLists.current(),
  ])
  const answers = readings.map(({ line, reading }): Answered => {
    if (reading === null) return { error: { error: `the line has more than ${MAX_PING_BYTES} bytes`, line } }
    if (reading.kind === 'bad') return { error: { error: reading.text, line } }
    const { ping } = reading
    const sentAtMs = ping.submittedAtMs ?? nowMs
    const signed = signPing(ping, pingCrashId(ping.documentId, sentAtMs), symbols, lists)
    const document = isPending(ping, symbols) ? null : countedPing(ping, signed, sentAtMs, nowMs)
    return { signed, document }
  })
  const documents = answers.flatMap((answer) => ('signed' in answer ? (answer.document ?? []) : []))
  const counted = await countedIds(documents, deps)
  return answers.map((answer) =>
    'error' in answer
      ? answer.error
      : { ...answer.signed, counted: answer.document !== null && counted.has(answer.signed.crash_id) },
  )
}

/** `document` is null where the signature is not final: such a ping is not counted. */
type Answered =
  | { readonly error: PingAnswer }
  | { readonly signed: SignedPing; readonly document: SearchDocument | null }

/** A ping as the index keeps it: its texts are cut as those of a processed crash. */
function countedPing(ping: CrashPing, answer: SignedPing, sentAtMs: number, nowMs: number): SearchDocument {
  const { crash_id: uuid, signature, proto_signature } = answer
  return searchDocument({ ...ping.facts, uuid, date_processed: instantOf(sentAtMs), signature, proto_signature }, nowMs)
}

/** Those that are counted now. A counter that fails costs the count, not the answer: the client sends the ping again. */
async function countedIds(
  documents: readonly SearchDocument[],
  { counter, log }: CrashPingDeps,
): Promise<ReadonlySet<CrashId>> {
  if (counter === null || documents.length === 0) return new Set()
  try {
    await withDeadline('ping counter', RPC_DEADLINE_MS, counter.count(documents))
    return new Set(documents.map(({ crash_id }) => crash_id))
  } catch (thrown) {
    log('symbolication', 'pings_not_counted', { pings: documents.length, error: errorText(thrown) })
    return new Set()
  }
}
