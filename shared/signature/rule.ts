import type { CrashData } from './crash-data.ts'
import type { SignatureLists } from './lists.ts'

/** The signature so far. Rules change it in turn. */
export interface SignatureDraft {
  readonly signature: string
  readonly normalizedFrames: readonly string[]
}

/** What one rule makes of the draft: only what it changes. */
export interface SignatureChange {
  readonly signature?: string
  readonly normalizedFrames?: readonly string[]
  readonly notes?: readonly string[]
  /** Whose notes they are, where a rule runs another. */
  readonly notedBy?: string
}

/** Takes the lines of a debug log: why each frame and rule did what it did. They may quote the crash data. */
export type DebugLog = (line: string) => void

/** One step of signature generation. Names are the peer's: they begin the notes that users search for. */
export interface SignatureRule {
  readonly name: string
  apply(crashData: CrashData, draft: SignatureDraft, lists: SignatureLists, debug?: DebugLog): SignatureChange
}
