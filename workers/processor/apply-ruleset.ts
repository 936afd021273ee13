import type { AnnotationRegistry } from '#shared/annotations/registry.ts'
import type { Clock } from '#shared/clock.ts'
import type { RulesetName } from '#shared/messages.ts'
import type { TextScrub } from '#shared/permission-schema.ts'
import type { ProcessedCrash } from '#shared/processed-crash.ts'
import type { Products } from '#shared/products/products.ts'
import type { RawCrash } from '#shared/raw-crash.ts'
import type { SignatureLists } from '#shared/signature/lists.ts'
import type { MemoryReport } from './memory-report.ts'
import { applyRules, isRecord, type JsonRecord, list, type Rule } from './rules/rule.ts'
import { PROCESSOR_VERSION } from './rules/rulesets.ts'
import { signatureHistory, UNSIGNED } from './signature-history.ts'
import type { DumpWalk } from './stackwalk.ts'

/** What a ruleset is applied to. */
export interface RulesetInput {
  readonly ruleset: RulesetName
  readonly rules: readonly Rule[]
  readonly rawCrash: RawCrash
  readonly dumpNames: readonly string[]
  readonly walks: readonly DumpWalk[]
  readonly memoryReport: MemoryReport
  readonly products: Products
  readonly registry: AnnotationRegistry
  /** What is done with free text before it is public; null: nothing. */
  readonly scrub: TextScrub | null
  readonly lists: SignatureLists
  /** The text of the stored processed crash; null for a first processing. */
  readonly earlierJson: string | null
  readonly startedAtMs: number
  readonly clock: Clock
}

/**
 * Makes the processed crash: its frame, then the rules in order (specs/processor.md 1.2). `default` starts afresh and keeps only the
 * histories of notes and signatures, so that the result depends on nothing else that was there; another ruleset changes the
 * earlier processed crash.
 */
export function applyRuleset(input: RulesetInput): ProcessedCrash {
  const { ruleset, rawCrash, startedAtMs } = input
  const earlier = input.earlierJson === null ? {} : parsedRecord(input.earlierJson)
  const processed: JsonRecord = ruleset === 'default' ? {} : { ...earlier }
  const startedAt = isoTime(startedAtMs)
  const notes = [`>>> Start processing: ${startedAt} (mayday)`]
  Object.assign(processed, {
    // Set before the rules, so that a crash whose rules all fail still has its name.
    crash_id: rawCrash.uuid,
    uuid: rawCrash.uuid,
    signature: UNSIGNED,
    started_datetime: startedAt,
    ...(ruleset === 'default' ? { processor_version: PROCESSOR_VERSION } : {}),
    processor_history: history(earlier, input.scrub),
  })
  const annotations: JsonRecord = Object.assign(Object.create(null), rawCrash.annotations)
  applyRules(input.rules, { ...input, annotations, processed, notes })
  return {
    ...processed,
    ...signatureHistory(earlier, processed, input.scrub),
    uuid: rawCrash.uuid,
    signature: String(processed.signature),
    success: true,
    processor_notes: scrubbed(notes.join('\n'), input.scrub),
    completed_datetime: isoTime(input.clock()),
  }
}

/** The notes of earlier processings, newest first. A peer or another setting wrote them, so they are scrubbed too. */
function history(earlier: JsonRecord, scrub: TextScrub | null): readonly string[] {
  return [earlier.processor_notes, ...list(earlier.processor_history)].flatMap((notes) =>
    typeof notes === 'string' ? [scrubbed(notes, scrub)] : [],
  )
}

function scrubbed(text: string, scrub: TextScrub | null): string {
  return scrub === null ? text : scrub(text)
}

/** A stored processed crash is JSON that this Worker or a peer wrote; one that cannot be read is as good as none. */
function parsedRecord(json: string): JsonRecord {
  try {
    const value: unknown = JSON.parse(json)
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}

/** `2026-11-23T01:02:03.004000+00:00`, the peer's form. */
function isoTime(atMs: number): string {
  return new Date(atMs).toISOString().replace('Z', '000+00:00')
}
