import { timeMs } from './duration.ts'
import { asList, asRecord } from './json-value.ts'

/** A signature that the crash had before: until when, and what changed it, in words. */
export interface ShownEarlierSignature {
  /** As it is stored, for links; a page shows it through shownText. */
  readonly signature: string
  readonly changedBy: string
  readonly fromMs: number | null
}

const CAUSE_TEXT: ReadonlyMap<string, string> = new Map([
  ['signature_lists', 'other signature lists'],
  ['signature_algorithm', 'a newer signature algorithm'],
  ['stackwalk', 'another stackwalk, such as with new symbols'],
  ['processor', 'another version of the processor'],
])

/** The signatures that a reprocessed crash had before, newest first (`signature_history`). */
export function earlierSignatures(crash: Readonly<Record<string, unknown>>): readonly ShownEarlierSignature[] {
  return asList(crash.signature_history)
    .map(asRecord)
    .flatMap(({ signature, changed_by, started_datetime }) => {
      if (typeof signature !== 'string') return []
      const changedBy = asList(changed_by).flatMap((cause) => CAUSE_TEXT.get(String(cause)) ?? [])
      return [{ signature, changedBy: changedBy.join(' and '), fromMs: timeMs(started_datetime) }]
    })
}
