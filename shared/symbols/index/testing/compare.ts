import type { SymbolAt } from '../symbol-index.ts'
import type { WholeAnswer } from './whole-file.ts'

/** What an oracle answers, in the words of the index: innermost call first, and no line where the record says 0. */
export function symbolAt(answer: WholeAnswer): SymbolAt {
  const { kind, name, base, size, file, line, inlines } = answer
  if (kind === 'none' || name === null || base === null) return { kind: 'none' }
  const address = BigInt(`0x${base}`)
  if (kind === 'public') return { kind, name, address }
  return {
    ...{ kind, name, address, size: BigInt(size ?? 0), file, line: line || null },
    inlines: inlines
      .map(([called, place, number]) => ({ function: called, file: place, line: number || null }))
      .toReversed(),
  }
}
