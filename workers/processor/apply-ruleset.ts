import type { Clock } from '#shared/clock.ts'
import type { RulesetName } from '#shared/messages.ts'
import type { ProcessedCrash } from '#shared/processed-crash.ts'
import type { RawCrash } from '#shared/raw-crash.ts'
import type { SignatureLists } from '#shared/signature/lists.ts'
import { applyRules, isRecord, type JsonRecord, list, type Rule } from './rules/rule.ts'
import { PROCESSOR_VERSION } from './rules/rulesets.ts'
import type { DumpWalk } from './stackwalk.ts'

/** What a ruleset is applied to. */
export interface RulesetInput {
  readonly ruleset: RulesetName
  readonly rules: readonly Rule[]
  readonly rawCrash: RawCrash
  readonly dumpNames: readonly string[]
  readonly walks: readonly DumpWalk[]
  readonly lists: SignatureLists
  /** The text of the stored processed crash; null for a first processing. */
  readonly earlierJson: string | null
  readonly startedAtMs: number
  readonly clock: Clock
}

/**
 * Makes the processed crash: its frame, then the rules in order (specs/processor.md 1.2). `default` starts afresh and keeps only the history of notes, so that the
 * result depends on nothing else that was there; another ruleset changes the earlier processed crash.
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
    signature: 'EMPTY: crash failed to process',
    started_datetime: startedAt,
    ...(ruleset === 'default' ? { processor_version: PROCESSOR_VERSION } : {}),
    processor_history: history(earlier),
  })
  const annotations: JsonRecord = Object.assign(Object.create(null), rawCrash.annotations)
  applyRules(input.rules, { ...input, annotations, processed, notes })
  return {
    ...processed,
    uuid: rawCrash.uuid,
    signature: String(processed.signature),
    success: true,
    processor_notes: notes.join('\n'),
    completed_datetime: isoTime(input.clock()),
  }
}

function history(earlier: JsonRecord): readonly unknown[] {
  const notes = earlier.processor_notes
  return [...(typeof notes === 'string' ? [notes] : []), ...list(earlier.processor_history)]
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
