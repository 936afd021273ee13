import type { MalformedReason } from '#shared/collector-outcomes.ts'
import {
  MAX_ANNOTATION_BYTES,
  MAX_ANNOTATIONS,
  MAX_ANNOTATIONS_BYTES,
  MAX_JSON_EXTRA_BYTES,
  MAX_NOTE_CHARS,
} from '#shared/limits.ts'
import type { Part } from '#shared/multipart.ts'
import type { Annotations, JsonValue } from '#shared/raw-crash.ts'
import { RESERVED_DUMP_NAMES } from '#shared/store/crash-keys.ts'
import { AnnotationBytes, cutAnnotation, DEFAULT_CHARSET } from './annotation-text.ts'
import { BodyError } from './body.ts'
import type { Hold } from './bytes-in-flight.ts'
import { type AnswerForm, readFamily } from './families.ts'
import { HeldBytes } from './held-bytes.ts'
import { parseJsonExtra } from './json-extra.ts'
import { cleanedDumpName, DumpParts, type Oversize, type PayloadDumps } from './payload-dumps.ts'

/** What a crash report holds. */
export interface Payload extends PayloadDumps {
  readonly annotations: Annotations
  readonly notes: readonly string[]
  readonly form: 'json' | 'multipart'
  readonly answerForm: AnswerForm
  /** Why the report has no dumps: it was too large. Null of most. */
  readonly oversize: Oversize | null
}

/** Annotations that no collector keeps: they name a person or tie reports to one (specs/collector.md 1.3). Exact case, as the peer. */
const REMOVED_ANNOTATIONS = ['Email', 'TelemetryClientId', 'TelemetryServerURL', 'TelemetrySessionId']

/** The parts of a report, gathered in body order: of a repeated name the last wins, and a JSON part replaces all annotations before it. */
export class PayloadParts {
  #annotations = new Map<string, { readonly value: JsonValue; readonly bytes: number }>()
  #annotationBytes = 0
  #droppedAnnotations = 0
  #jsonSeen = false
  #textSeen = false
  #oversize: Oversize | null = null
  readonly #notes: string[] = []
  readonly #hold: Hold
  readonly #dumps: DumpParts

  constructor(hold: Hold) {
    this.#hold = hold
    this.#dumps = new DumpParts(hold, (note) => this.#note(note))
  }

  get hasAnnotations(): boolean {
    return this.#annotations.size > 0
  }

  /** Puts one part where it belongs (the table of specs/collector.md 1.2), or says what is malformed about it. */
  async take(part: Part): Promise<MalformedReason | null> {
    const { name, filename } = part
    const contentType = part.contentType ?? 'text/plain'
    if (name === null || name === '') return null
    if (contentType.startsWith('application/json')) {
      const extra = parseJsonExtra(await readJson(part.body, this.#hold))
      if (extra.kind === 'malformed') return extra.reason
      this.#replaceAnnotations(extra.entries, extra.notes)
      return null
    }
    if (contentType.startsWith('text/plain') && (filename === null || filename === '')) {
      const value = new AnnotationBytes(this.#hold)
      for await (const bytes of part.body) value.append(bytes)
      this.#addText(name, value, part.charset ?? DEFAULT_CHARSET)
      return null
    }
    if (RESERVED_DUMP_NAMES.has(cleanedDumpName(name))) return 'invalid_dump_name'
    if (contentType !== 'application/octet-stream') this.#note(`unknown content type: ${name} ${contentType}`)
    await this.#dumps.take(name, part)
    return null
  }

  /** A text part: one annotation. Takes the bytes over. */
  #addText(name: string, value: AnnotationBytes, charset: string): void {
    this.#textSeen = true
    const text = value.text(charset)
    if (text === null) this.#note(`extract payload text part exception: invalid text or charset: ${charset}`)
    else this.#set(name, text, value.cut)
    value.drop()
  }

  /** A JSON part: all annotations. */
  #replaceAnnotations(entries: readonly (readonly [string, JsonValue])[], notes: readonly string[]): void {
    this.#jsonSeen = true
    this.#hold.giveBack(this.#annotationBytes)
    this.#annotations = new Map()
    this.#annotationBytes = 0
    for (const note of notes) this.#note(note)
    for (const [name, value] of entries) this.#set(name, value, false)
  }

  /** The report is too large: it is kept without its dumps. */
  leaveOutDumps(reason: Oversize): void {
    if (this.#oversize !== null) return
    this.#oversize = reason
    this.#dumps.leaveOut(reason)
  }

  get oversize(): Oversize | null {
    return this.#oversize
  }

  /** All of it, in Mozilla's names, with the limits kept and what was dropped said in the notes. */
  finish(userAgent: string | null): Payload {
    if (this.#jsonSeen && this.#textSeen) {
      this.#note('includes annotations in both json-encoded extra and formdata parts')
    }
    for (const name of REMOVED_ANNOTATIONS) {
      if (this.#annotations.delete(name)) this.#note(`Removed ${name} from raw crash.`)
    }
    if (this.#droppedAnnotations > 0) {
      this.#note(`${this.#droppedAnnotations} annotations dropped: more than ${MAX_ANNOTATIONS}`)
    }
    const annotations: Record<string, JsonValue> = Object.create(null)
    for (const [name, { value }] of this.#annotations) annotations[name] = value
    const family = readFamily(annotations, userAgent)
    const dumps = this.#dumps.finish()
    if (this.#oversize !== null) this.#note(`${this.#oversize}: kept without its dumps`)
    return {
      ...dumps,
      annotations: family.annotations,
      notes: [...this.#notes, ...family.notes],
      form: this.#jsonSeen ? 'json' : 'multipart',
      answerForm: family.answerForm,
      oversize: this.#oversize,
    }
  }

  #set(name: string, value: JsonValue, alreadyCut: boolean): void {
    const { text, cut } = typeof value === 'string' ? cutAnnotation(value) : { text: value, cut: false }
    const bytes = utf8Bytes(name) + utf8Bytes(typeof text === 'string' ? text : JSON.stringify(text))
    const before = this.#annotations.get(name)
    const total = this.#annotationBytes - (before?.bytes ?? 0) + bytes
    if (before === undefined && this.#annotations.size >= MAX_ANNOTATIONS) {
      this.#droppedAnnotations++
    } else if (typeof text !== 'string' && bytes > MAX_ANNOTATION_BYTES) {
      this.#note(`annotation ${name} dropped: over ${MAX_ANNOTATION_BYTES} bytes`)
    } else if (total > MAX_ANNOTATIONS_BYTES) {
      this.#note(`annotation ${name} dropped: annotations over ${MAX_ANNOTATIONS_BYTES} bytes together`)
    } else {
      if (!this.#hold.add(total - this.#annotationBytes)) throw new BodyError('too_many_bytes_in_flight')
      this.#annotations.set(name, { value: text, bytes })
      this.#annotationBytes = total
      if (cut || alreadyCut) this.#note(`annotation ${name} cut to ${MAX_ANNOTATION_BYTES} bytes`)
    }
  }

  #note(note: string): void {
    this.#notes.push(note.length > MAX_NOTE_CHARS ? `${note.slice(0, MAX_NOTE_CHARS)}…` : note)
  }
}

/** The bytes of a JSON part. Not held any more once they are parsed: what they become is counted as annotations. */
async function readJson(body: AsyncIterable<Uint8Array>, hold: Hold): Promise<Uint8Array> {
  const json = new HeldBytes(hold)
  for await (const bytes of body) {
    if (json.length + bytes.length > MAX_JSON_EXTRA_BYTES) throw new BodyError('body_too_large')
    json.append(bytes)
  }
  const joined = json.joined()
  json.drop()
  return joined
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length
}
