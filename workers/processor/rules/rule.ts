import type { AnnotationRegistry } from '#shared/annotations/registry.ts'
import { parseJsonUpTo } from '#shared/bounded-json.ts'
import { MAX_JSON_DEPTH } from '#shared/limits.ts'
import type { RulesetName } from '#shared/messages.ts'
import type { TextScrub } from '#shared/permission-schema.ts'
import type { Products } from '#shared/products/products.ts'
import type { RawCrash } from '#shared/raw-crash.ts'
import type { SignatureLists } from '#shared/signature/lists.ts'
import type { MemoryReport } from '../memory-report.ts'
import type { DumpWalk } from '../stackwalk.ts'

/** JSON objects of unknown form: annotations and stackwalks hold what clients and minidumps say. */
export type JsonRecord = Record<string, unknown>

/** A crash on its way through the rules: what is known of it, and what the rules have written so far. */
export interface CrashInProcess {
  readonly ruleset: RulesetName
  readonly rawCrash: RawCrash
  /** The annotations, which the first rules clean. */
  readonly annotations: JsonRecord
  readonly dumpNames: readonly string[]
  /** What became of each minidump. */
  readonly walks: readonly DumpWalk[]
  /** The dump `memory_report`, which is no minidump. */
  readonly memoryReport: MemoryReport
  readonly lists: SignatureLists
  readonly products: Products
  /** What is known of annotations here. */
  readonly registry: AnnotationRegistry
  /** What is done with free text before it is public; null: nothing. */
  readonly scrub: TextScrub | null
  /** The processed crash. */
  readonly processed: JsonRecord
  /** For `processor_notes`. Notes are public: no rule puts a protected value there. */
  readonly notes: string[]
}

/** One step of processing. A rule that throws costs a note, never the crash. */
export interface Rule {
  readonly name: string
  predicate(crash: CrashInProcess): boolean
  action(crash: CrashInProcess): void
}

/** For rules that always apply. */
export const always = (): boolean => true

/** Applies the rules in order; of a rule that throws, the class of the error is noted (its message may hold data, and notes are public). */
export function applyRules(rules: readonly Rule[], crash: CrashInProcess): void {
  for (const rule of rules) {
    try {
      if (rule.predicate(crash)) rule.action(crash)
    } catch (thrown) {
      const errorClass = thrown instanceof Error ? thrown.name : 'unknown'
      crash.notes.push(`ruleset '${crash.ruleset}' rule '${rule.name}' failed: ${errorClass}`)
    }
  }
}

/** The value if it is a JSON object, else an empty one. */
export function record(value: unknown): Readonly<JsonRecord> {
  return isRecord(value) ? value : {}
}

/** Whether the value is a JSON object. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value's items if it is an array, else none. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The value if it is text, else null. */
export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** An annotation as text; the empty text where it is absent or no plain value. */
export function annotationText({ annotations }: CrashInProcess, name: string): string {
  const value = annotations[name]
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : ''
}

/** An annotation that is JSON: sent as text, or as an object in a JSON `extra`. Undefined where it is absent or no JSON of a sane depth. */
export function annotationJson({ annotations }: CrashInProcess, name: string): unknown {
  const value = annotations[name]
  if (typeof value !== 'string') return value
  const parsing = parseJsonUpTo(MAX_JSON_DEPTH, value)
  return parsing.kind === 'parsed' ? parsing.value : undefined
}

/** An integer as Python's int() reads it: spaces, a sign and `_` between digits are fine. Null for anything else. */
export function integerOf(text: string): number | null {
  return /^\s*[+-]?\d+(?:_\d+)*\s*$/.test(text) ? Number(text.replaceAll('_', '')) : null
}

/** Whether the main dump was given to the stackwalker. */
export function hasStackwalk({ processed }: CrashInProcess): boolean {
  return isRecord(processed.json_dump)
}

/** The main dump's stackwalk; empty where there is none. */
export function jsonDump({ processed }: CrashInProcess): Readonly<JsonRecord> {
  return record(processed.json_dump)
}

/** The frames of the crashing thread, innermost first. */
export function crashingFrames(crash: CrashInProcess): readonly Readonly<JsonRecord>[] {
  const index = crash.processed.crashing_thread
  const thread = typeof index === 'number' ? list(jsonDump(crash).threads)[index] : undefined
  return list(record(thread).frames).map(record)
}
