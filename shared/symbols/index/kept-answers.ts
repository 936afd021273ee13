import type { BlockCache, SymbolAt } from './symbol-index.ts'

/** What an answer takes beside its texts: its key, its objects, its numbers. */
const ANSWER_BYTES = 400
const CALL_BYTES = 120

/** Addresses of one call that nobody has answered yet, and their answers, which are found together. */
class Unanswered {
  readonly #addresses: bigint[] = []
  readonly #find: (addresses: readonly bigint[]) => Promise<readonly SymbolAt[]>
  #answers: Promise<readonly SymbolAt[]> | null = null

  constructor(find: (addresses: readonly bigint[]) => Promise<readonly SymbolAt[]>) {
    this.#find = find
  }

  async answer(address: bigint): Promise<{ readonly block: SymbolAt; readonly bytes: number }> {
    const at = this.#addresses.push(address) - 1
    // Everything that is asked for in this breath is there when the next one begins.
    this.#answers ??= Promise.resolve().then(() => this.#find(this.#addresses))
    const answer = (await this.#answers)[at] ?? { kind: 'none' }
    return { block: answer, bytes: bytesOf(answer) }
  }
}

/**
 * What lies at addresses, from the answers that `cache` keeps of this content and, for the others, from `find`, once for all of them. The same few addresses are asked for
 * again and again (crash pings of one bug, a profile that is opened again); an answer takes a twentieth of its block.
 */
export function answersOf(
  cache: BlockCache,
  contentId: string,
  find: (addresses: readonly bigint[]) => Promise<readonly SymbolAt[]>,
): (addresses: readonly bigint[]) => Promise<readonly SymbolAt[]> {
  return (addresses) => {
    const unanswered = new Unanswered(find)
    return Promise.all(
      addresses.map((address) => cache.get(`${contentId}/at/${address}`, () => unanswered.answer(address))),
    )
  }
}

/** At most what an answer takes: a text with one character beyond Latin-1 has two bytes for each. */
function bytesOf(answer: SymbolAt): number {
  if (answer.kind === 'none') return ANSWER_BYTES
  if (answer.kind === 'public') return ANSWER_BYTES + 2 * answer.name.length
  return answer.inlines.reduce(
    (bytes, call) => bytes + CALL_BYTES + 2 * (call.function.length + (call.file?.length ?? 0)),
    ANSWER_BYTES + 2 * (answer.name.length + (answer.file?.length ?? 0)),
  )
}
