import { cutText } from './document.ts'
import type { SearchAnswer, SearchValue } from './search-rpc.ts'

export type Hit = SearchAnswer['hits'][number]

/** UTF-8 spends at most three bytes on a UTF-16 code unit. */
const MAX_BYTES_A_CHAR = 3

/**
 * Hits that together stay under `maxBytes`. Where they do not, each text is cut to its share: a page of 1,000 hits with values of
 * 10,000 characters would not fit into one RPC answer, and the whole value stands in the processed crash.
 */
export function fitHits(
  hits: readonly Hit[],
  maxBytes: number,
): { readonly hits: readonly Hit[]; readonly isCut: boolean } {
  const values = hits.flatMap((hit) => Object.values(hit))
  const bytes = values.reduce<number>((sum, value) => sum + MAX_BYTES_A_CHAR * String(value).length, 0)
  if (bytes <= maxBytes) return { hits, isCut: false }
  const maxChars = Math.floor(maxBytes / MAX_BYTES_A_CHAR / values.length)
  const cut = (value: SearchValue | null) => (typeof value === 'string' ? cutText(value, maxChars) : value)
  return {
    hits: hits.map((hit) => Object.fromEntries(Object.entries(hit).map(([column, value]) => [column, cut(value)]))),
    isCut: true,
  }
}
