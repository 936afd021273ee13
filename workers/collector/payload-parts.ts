import {
  MAX_ANNOTATION_BYTES,
  MAX_ANNOTATIONS,
  MAX_ANNOTATIONS_BYTES,
  MAX_DUMPS,
  MAX_NOTE_CHARS,
} from '#shared/limits.ts'
import type { Annotations, JsonValue } from '#shared/raw-crash.ts'
import { PRIMARY_DUMP_FOLDER, PRIMARY_DUMP_NAME } from '#shared/store/crash-keys.ts'
import { type AnnotationBytes, cutAnnotation } from './annotation-text.ts'
import type { HeldBytes } from './held-bytes.ts'

/** One dump as received. */
export interface Dump {
  readonly bytes: HeldBytes
  /** Of the bytes as received, in hex. */
  readonly sha256: string
}

/** What a crash report holds. */
export interface Payload {
  readonly annotations: Annotations
  readonly dumps: ReadonlyMap<string, Dump>
  readonly notes: readonly string[]
  readonly form: 'json' | 'multipart'
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
  readonly #dumps = new Map<string, Dump>()
  readonly #unnamedDumps: { readonly partName: string; readonly dump: Dump }[] = []
  readonly #notes: string[] = []

  get hasAnnotations(): boolean {
    return this.#annotations.size > 0
  }

  /** A text part: one annotation. */
  addText(name: string, value: AnnotationBytes, charset: string): void {
    this.#textSeen = true
    const text = value.text(charset)
    if (text === null) this.#note(`extract payload text part exception: invalid text or charset: ${charset}`)
    else this.#set(name, text, value.cut)
  }

  /** A JSON part: all annotations. */
  replaceAnnotations(entries: readonly (readonly [string, JsonValue])[], notes: readonly string[]): void {
    this.#jsonSeen = true
    this.#annotations = new Map()
    this.#annotationBytes = 0
    for (const note of notes) this.#note(note)
    for (const [name, value] of entries) this.#set(name, value, false)
  }

  /** A dump. `dumpName` is the part's name as far as it can stand in a key, and may be empty. */
  addDump(partName: string, dumpName: string, contentType: string, dump: Dump): void {
    if (contentType !== 'application/octet-stream') this.#note(`unknown content type: ${partName} ${contentType}`)
    // The peer's cloud store lets such a part overwrite the main dump (specs/collector.md 4.3, P5).
    if (dumpName === '' || dumpName === PRIMARY_DUMP_FOLDER) this.#unnamedDumps.push({ partName, dump })
    else this.#dumps.set(dumpName, dump)
  }

  /** All of it, with the limits kept and what was dropped said in the notes. */
  finish(): Payload {
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
    return { annotations, dumps: this.#finishDumps(), notes: this.#notes, form: this.#jsonSeen ? 'json' : 'multipart' }
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
      this.#annotations.set(name, { value: text, bytes })
      this.#annotationBytes = total
      if (cut || alreadyCut) this.#note(`annotation ${name} cut to ${MAX_ANNOTATION_BYTES} bytes`)
    }
  }

  #finishDumps(): ReadonlyMap<string, Dump> {
    let number = 2
    for (const { partName, dump } of this.#unnamedDumps) {
      while (this.#dumps.has(`${PRIMARY_DUMP_FOLDER}_${number}`)) number++
      this.#note(`dump part ${JSON.stringify(partName)} kept as ${PRIMARY_DUMP_FOLDER}_${number}`)
      this.#dumps.set(`${PRIMARY_DUMP_FOLDER}_${number}`, dump)
    }
    if (this.#dumps.size <= MAX_DUMPS) return this.#dumps
    this.#note(`${this.#dumps.size - MAX_DUMPS} dumps dropped: more than ${MAX_DUMPS}`)
    const mainFirst = [...this.#dumps].sort(
      ([left], [right]) => Number(right === PRIMARY_DUMP_NAME) - Number(left === PRIMARY_DUMP_NAME),
    )
    return new Map(mainFirst.slice(0, MAX_DUMPS))
  }

  #note(note: string): void {
    this.#notes.push(note.length > MAX_NOTE_CHARS ? `${note.slice(0, MAX_NOTE_CHARS)}…` : note)
  }
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length
}
