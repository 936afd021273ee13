import type { CrashData } from './crash-data.ts'
import type { SignatureLists } from './lists.ts'
import type { DebugLog, SignatureDraft } from './rule.ts'
import { SIGNATURE_RULES } from './rules.ts'

/** The algorithm's version, stored with each signature: raise it with every change that can change a signature. */
export const SIGNATURE_ALGORITHM_VERSION = '1'

/** A crash's signature, and how it came about. */
export interface GeneratedSignature {
  readonly signature: string
  readonly notes: readonly string[]
  /** All normalised frames joined by ` | `; null where no frames were read (Java, no stack). */
  readonly proto_signature: string | null
  /** The same frames one by one, innermost first. */
  readonly normalized_frames: readonly string[]
  /** {@link SIGNATURE_ALGORITHM_VERSION}; with the lists' hash it says whether two signatures can be compared. */
  readonly signature_version: string
  readonly signature_lists_hash: string
}

/**
 * Signs a crash. Pure: same crash data and lists, same signature. Never throws: a rule that cannot use the crash data costs a note
 * `RULE: Rule failed: …` and leaves the signature as it was. `debug` hears which frame and rule did what.
 */
export function generateSignature(crashData: CrashData, lists: SignatureLists, debug?: DebugLog): GeneratedSignature {
  let draft: SignatureDraft = { signature: '', normalizedFrames: [] }
  const notes: string[] = []
  for (const rule of SIGNATURE_RULES) {
    const ruleDebug = debug === undefined ? undefined : (line: string) => debug(`${rule.name}: ${line}`)
    try {
      const { notes: ruleNotes = [], notedBy = rule.name, ...change } = rule.apply(crashData, draft, lists, ruleDebug)
      if (change.signature !== undefined && change.signature !== draft.signature)
        ruleDebug?.(`"${draft.signature}" becomes "${change.signature}"`)
      draft = { ...draft, ...change }
      notes.push(...ruleNotes.map((note) => `${notedBy}: ${note}`))
    } catch (thrown) {
      notes.push(`${rule.name}: Rule failed: ${thrown instanceof Error ? thrown.message : 'unknown'}`)
    }
  }
  const { signature, normalizedFrames } = draft
  return {
    signature,
    notes,
    proto_signature: normalizedFrames.length > 0 ? normalizedFrames.join(' | ') : null,
    normalized_frames: normalizedFrames,
    signature_version: SIGNATURE_ALGORITHM_VERSION,
    signature_lists_hash: lists.hash,
  }
}
