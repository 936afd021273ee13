import type { FacetTerm } from './search-rpc.ts'

/** One signature in a ranking. */
export interface RankedSignature {
  readonly signature: string
  /** 1 for the most frequent by estimate. */
  readonly rank: number
  /** Reports that are there. */
  readonly stored: number
  /** What they stand for before sampling. */
  readonly estimate: number
  /** Of all reports by estimate, 0 to 1. */
  readonly share: number
  /** Against the window before, both of whole days; null where the signature is in neither. */
  readonly change: RankChange | null
}

export type RankChange =
  /** Not in the window before. */
  | { readonly kind: 'new' }
  /** `ranks` is positive for a signature that rose; `share` is the difference of shares. */
  | { readonly kind: 'moved'; readonly ranks: number; readonly share: number }

/** Signatures with counts and estimates, and the estimate of all reports, those without a signature too. */
export interface CountedSignatures {
  readonly terms: readonly FacetTerm[]
  readonly totalEstimate: number
}

/**
 * Ranks signatures by estimate, because reports are sampled at different rates: a hundred stored reports that were kept 1 in 10 outrank five hundred that
 * were all kept. `shown` may hold a running day; what is compared is `whole` with `previous`, which must be of equal length.
 */
export function rankSignatures(
  shown: CountedSignatures,
  whole: CountedSignatures,
  previous: CountedSignatures,
): readonly RankedSignature[] {
  const [wholePlaces, previousPlaces] = [placesOf(whole), placesOf(previous)]
  return byEstimate(shown).map(({ term, count, estimate = count }, at) => {
    const signature = String(term)
    const [now, before] = [wholePlaces.get(signature), previousPlaces.get(signature)]
    return {
      signature,
      rank: at + 1,
      stored: count,
      estimate,
      share: ratio(estimate, shown.totalEstimate),
      change: changeOf(now, before),
    }
  })
}

interface Place {
  readonly rank: number
  readonly share: number
}

function changeOf(now: Place | undefined, before: Place | undefined): RankChange | null {
  if (before === undefined) return now === undefined ? null : { kind: 'new' }
  // Gone from the last whole days: below all that are there would be a guess.
  if (now === undefined) return null
  return { kind: 'moved', ranks: before.rank - now.rank, share: now.share - before.share }
}

function placesOf(counted: CountedSignatures): ReadonlyMap<string, Place> {
  return new Map(
    byEstimate(counted).map(({ term, count, estimate = count }, at) => [
      String(term),
      { rank: at + 1, share: ratio(estimate, counted.totalEstimate) },
    ]),
  )
}

function byEstimate({ terms }: CountedSignatures): readonly FacetTerm[] {
  return terms.toSorted(
    (a, b) => (b.estimate ?? b.count) - (a.estimate ?? a.count) || b.count - a.count || (a.term < b.term ? -1 : 1),
  )
}

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
