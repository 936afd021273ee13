import { MAX_SIGNATURE_HISTORY } from '#shared/limits.ts'
import type { TextScrub } from '#shared/permission-schema.ts'
import { isRecord, type JsonRecord, list } from './rules/rule.ts'

/** The signature of a crash that no rule has signed: the rule itself failed. */
export const UNSIGNED = 'EMPTY: crash failed to process'

/** What gave a crash another signature. `stackwalk`: another stack, of new symbols or another stackwalker. */
export type SignatureCause = 'signature_lists' | 'signature_algorithm' | 'stackwalk' | 'processor'

/** Keys by which an earlier signature is remembered: what made it, and when. */
const MADE_BY = ['signature', 'signature_version', 'signature_lists_hash', 'processor_version', 'started_datetime']

/**
 * The keys of a processed crash that tell which signatures it had: `signature_history`, newest first, each with what made it and what ended it, and
 * `signature_lineage`, the present and the earlier ones as one JSON text, by which search counts the changes. Processing
 * that leaves the signature as it was leaves them as they were; a crash that was never signed otherwise has neither.
 */
export function signatureHistory(
  earlier: JsonRecord,
  processed: Readonly<JsonRecord>,
  scrub: TextScrub | null,
): Readonly<JsonRecord> {
  const known = list(earlier.signature_history)
    .filter(isRecord)
    .filter(({ signature }) => typeof signature === 'string')
  const isChange =
    typeof earlier.signature === 'string' && earlier.signature !== UNSIGNED && earlier.signature !== processed.signature
  const all = isChange ? [earlierSignature(earlier, processed), ...known] : known
  // A failure in between is no change: A, unsigned, A.
  const history = (all[0]?.signature === processed.signature ? all.slice(1) : all)
    .slice(0, MAX_SIGNATURE_HISTORY)
    // They are as old as the reason for which a crash may have been processed again: a secret in its signature.
    .map((entry) => ({ ...entry, signature: scrubbed(entry.signature, scrub) }))
  if (history.length === 0) return { signature_history: undefined, signature_lineage: undefined }
  const signatures = [processed.signature, ...history.map(({ signature }) => signature)]
  return {
    signature_history: history,
    signature_lineage: processed.signature === UNSIGNED ? undefined : JSON.stringify(signatures),
  }
}

function scrubbed(signature: unknown, scrub: TextScrub | null): string {
  return scrub === null ? String(signature) : scrub(String(signature))
}

function earlierSignature(earlier: JsonRecord, processed: Readonly<JsonRecord>): JsonRecord {
  const kept = Object.fromEntries(MADE_BY.flatMap((key) => (key in earlier ? [[key, earlier[key]]] : [])))
  return { ...kept, changed_by: causes(earlier, processed) }
}

/** Never empty: what is left when nothing else differs is a rule that reads something else of the crash. */
function causes(earlier: JsonRecord, processed: Readonly<JsonRecord>): readonly SignatureCause[] {
  const differs = (key: string) => earlier[key] !== processed[key]
  const found: SignatureCause[] = [
    ...(differs('signature_lists_hash') ? (['signature_lists'] as const) : []),
    ...(differs('signature_version') ? (['signature_algorithm'] as const) : []),
    // The proto signature is the whole stack by name, before the lists choose.
    ...(differs('proto_signature') && !differs('signature_version') ? (['stackwalk'] as const) : []),
  ]
  return found.length === 0 ? ['processor'] : found
}
