import type { SignatureLists } from './lists.ts'
import type { DebugLog } from './rule.ts'

/** What a stack gave. Notes are the peer's texts, without the rule's name. */
export interface StackSignature {
  readonly signature: string
  readonly notes: readonly string[]
}

/**
 * Walks the normalised frames to a signature (specs/processor.md 2.6): starts at the first sentinel, skips irrelevant frames, goes on past prefix frames,
 * and ends with the first frame that is neither.
 */
export function cSignature(
  frames: readonly string[],
  threadIndex: number,
  lists: SignatureLists,
  debug?: DebugLog,
): StackSignature {
  const start = sentinelStart(frames, lists.sentinels)
  if (start > 0) debug?.(`starts at the sentinel "${frames[start]}", frame ${start}`)
  const fromSentinel = frames.slice(start)
  const parts: string[] = []
  for (const frame of fromSentinel) {
    if (frame === '') continue
    if (lists.irrelevant.matches(frame)) {
      debug?.(`irrelevant, left out: "${frame}"`)
      continue
    }
    if (frame === parts.at(-1) && isUnsymbolicated(frame)) {
      debug?.(`the same module again, left out: "${frame}"`)
      continue
    }
    parts.push(frame)
    const isPrefix = lists.prefix.matches(frame)
    debug?.(`${isPrefix ? 'prefix, goes on' : 'the end'}: "${frame}"`)
    if (!isPrefix) break
  }
  const signature = parts.join(' | ')
  if (signature !== '') return { signature, notes: [] }
  return {
    signature: fromSentinel[0] ?? 'EMPTY: no frame data available',
    notes: [`CSignatureTool: no frame data for crashing thread (${threadIndex})`],
  }
}

function sentinelStart(frames: readonly string[], sentinels: readonly string[]): number {
  const starts = sentinels.map((sentinel) => frames.indexOf(sentinel)).filter((index) => index >= 0)
  return starts.length === 0 ? 0 : Math.min(...starts)
}

/** Frames that only name their module: `foo.dll | foo.dll | foo.dll` says no more than `foo.dll`. */
function isUnsymbolicated(frame: string): boolean {
  if (frame.startsWith('(unloaded')) return false
  const lower = frame.toLowerCase()
  return (
    lower.endsWith('.dll') ||
    lower.endsWith('.so') ||
    frame === 'XUL' ||
    frame === '<name omitted>' ||
    frame.startsWith('<unknown in')
  )
}
