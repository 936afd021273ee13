import type { Chunk } from './chunk.ts'
import { type Column, termAt } from './columns/column.ts'
import type { Dictionary } from './columns/dictionary.ts'
import { hashOf, partialDistinct } from './distinct.ts'
import { histogramTerms } from './histogram.ts'
import { Pairs } from './pairs.ts'
import type { PartialDistinct, PartialFacets, PartialTerms } from './partial-answer.ts'
import type { Aggregation } from './search-query.ts'
import type { SearchValue } from './search-rpc.ts'
import { Shares } from './shares.ts'
import { type BucketAllowance, NO_TERM, TermIndex } from './term-index.ts'
import { compareValues } from './value-order.ts'
import { listParts } from './words.ts'

/** Rows of one chunk that are counted, each in a bucket of the aggregation outside (0 for the outermost). A row may be there twice: of a list. */
interface CountedRows {
  readonly rows: Uint16Array
  readonly parents: Uint32Array
  readonly count: number
}

/** One aggregation while chunks go by. */
export interface Counter {
  readonly key: string
  count(chunk: Chunk, rows: CountedRows, weights: Column | null): void
  /**
   * What was counted in one bucket of the aggregation outside, in at most about so many bytes. `detailed`: of how many terms, the most
   * frequent first, what was counted again in each; `within`: the same of the terms in those.
   */
  partial(parent: number, maxBytes: number, detailed: number, within: number): PartialTerms | PartialDistinct
}

/** What a term costs beside its text, roughly, as RPC encodes it; text costs two bytes a character. */
const TERM_BYTES = 32

/** `only`: the terms of an outermost aggregation that are asked for. `weighs`: whether to sum up weights. */
export function counterOf(
  aggregation: Aggregation,
  depth: number,
  allowance: BucketAllowance,
  weighs: boolean,
  only: ReadonlySet<SearchValue> | null = null,
): Counter {
  const index = new TermIndex(termsOf(aggregation), allowance, only)
  const pairs = new Pairs(depth, allowance)
  if (aggregation.kind === 'cardinality') return new DistinctCounter(aggregation, index, pairs)
  const children = aggregation.then.map((child) => counterOf(child, depth + 1, allowance, weighs))
  return new TermsCounter(aggregation, index, pairs, children, weighs)
}

/** What terms a value gives: steps of a histogram, the parts of a list, itself. */
function termsOf(aggregation: Aggregation): (dictionary: Dictionary, id: number) => readonly SearchValue[] {
  if (aggregation.kind === 'histogram') return histogramTerms(aggregation.interval)
  if (aggregation.field.list) return (dictionary, id) => listParts(String(dictionary.valueAt(id)))
  return (dictionary, id) => [dictionary.valueAt(id)]
}

class TermsCounter implements Counter {
  readonly key: string
  readonly #field: string
  readonly #index: TermIndex
  readonly #pairs: Pairs
  readonly #children: readonly Counter[]
  readonly #weighs: boolean
  readonly #isHistogram: boolean
  readonly #counts: number[] = []
  readonly #estimates: number[] = []
  /** The rows that were counted, for the children. */
  #rows = new Uint16Array(0)
  #parents = new Uint32Array(0)
  #counted = 0

  constructor(
    aggregation: Exclude<Aggregation, { kind: 'cardinality' }>,
    index: TermIndex,
    pairs: Pairs,
    children: readonly Counter[],
    weighs: boolean,
  ) {
    this.key = aggregation.key
    this.#field = aggregation.field.name
    this.#index = index
    this.#pairs = pairs
    this.#children = children
    this.#weighs = weighs
    this.#isHistogram = aggregation.kind === 'histogram'
  }

  count(chunk: Chunk, { rows, parents, count }: CountedRows, weights: Column | null): void {
    const column = chunk.column(this.#field)
    if (column === null) return
    const { ids, terms, dictionary } = column
    this.#index.enter(dictionary)
    this.#counted = 0
    for (let n = 0; n < count; n++) {
      const row = rows[n] ?? 0
      const id = terms[ids[row] ?? 0] ?? 0
      if (id === 0) continue
      const term = this.#index.termOf(id)
      if (term >= 0) this.#add(parents[n] ?? 0, term, row, weights)
      else if (term !== NO_TERM) {
        for (const one of this.#index.several(term)) this.#add(parents[n] ?? 0, one, row, weights)
      }
    }
    if (this.#counted === 0) return
    const counted = { rows: this.#rows, parents: this.#parents, count: this.#counted }
    for (const child of this.#children) child.count(chunk, counted, weights)
  }

  #add(parent: number, term: number, row: number, weights: Column | null): void {
    const bucket = this.#pairs.add(parent, term)
    if (bucket === -1) return
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    if (this.#weighs) this.#estimates[bucket] = (this.#estimates[bucket] ?? 0) + weightAt(weights, row)
    if (this.#children.length === 0) return
    if (this.#counted === this.#rows.length) this.#growRows()
    this.#rows[this.#counted] = row
    this.#parents[this.#counted++] = bucket
  }

  #growRows(): void {
    const length = Math.max(1_024, 2 * this.#rows.length)
    const [rows, parents] = [new Uint16Array(length), new Uint32Array(length)]
    rows.set(this.#rows)
    parents.set(this.#parents)
    this.#rows = rows
    this.#parents = parents
  }

  partial(parent: number, maxBytes: number, detailed: number, within: number): PartialTerms {
    const termAtBucket = (bucket: number) => this.#index.terms[this.#pairs.termOf(bucket)] ?? ''
    const countAt = (bucket: number) => this.#counts[bucket] ?? 0
    const buckets = this.#pairs
      .bucketsOf(parent, this.#index.terms.length)
      .toSorted((a, b) => countAt(b) - countAt(a) || compareValues(termAtBucket(a), termAtBucket(b)))
    const hasDetails = this.#children.length > 0
    let leftBytes = hasDetails ? maxBytes / 2 : maxBytes
    const firstCut = buckets.findIndex((bucket) => {
      const term = termAtBucket(bucket)
      leftBytes -= TERM_BYTES + (typeof term === 'string' ? 2 * term.length : 0)
      return leftBytes < 0
    })
    const kept = firstCut === -1 ? buckets : buckets.slice(0, firstCut)
    const overfull = this.#index.isCut || this.#pairs.isCut
    return {
      kind: 'terms',
      terms: kept.map(termAtBucket),
      counts: kept.map(countAt),
      estimates: this.#weighs ? kept.map((bucket) => this.#estimates[bucket] ?? 0) : [],
      details: hasDetails
        ? this.#details(
            this.#isHistogram ? kept : kept.slice(0, detailed),
            Math.max(0, leftBytes) + maxBytes / 2,
            within,
          )
        : [],
      cut_count: overfull ? Number.POSITIVE_INFINITY : firstCut === -1 ? 0 : countAt(buckets[firstCut] ?? 0),
    }
  }

  /** Each bucket may use its share of the bytes; what one leaves is for the others, so the rarest, which need least, come first. */
  #details(buckets: readonly number[], maxBytes: number, within: number): readonly PartialFacets[] {
    const shares = new Shares(maxBytes, buckets.length * this.#children.length)
    return buckets
      .toReversed()
      .map((bucket) => partialFacets(this.#children, bucket, shares, within, within))
      .toReversed()
  }
}

class DistinctCounter implements Counter {
  readonly key: string
  readonly #field: string
  readonly #index: TermIndex
  readonly #pairs: Pairs
  readonly #hashes: number[] = []

  constructor(aggregation: Aggregation, index: TermIndex, pairs: Pairs) {
    this.key = aggregation.key
    this.#field = aggregation.field.name
    this.#index = index
    this.#pairs = pairs
  }

  count(chunk: Chunk, { rows, parents, count }: CountedRows): void {
    const column = chunk.column(this.#field)
    if (column === null) return
    this.#index.enter(column.dictionary)
    for (let n = 0; n < count; n++) {
      const id = termAt(column, rows[n] ?? 0)
      if (id === 0) continue
      const term = this.#index.termOf(id)
      if (term >= 0) this.#pairs.add(parents[n] ?? 0, term)
      else if (term !== NO_TERM) for (const one of this.#index.several(term)) this.#pairs.add(parents[n] ?? 0, one)
    }
  }

  partial(parent: number, maxBytes: number): PartialDistinct {
    const buckets = this.#pairs.bucketsOf(parent, this.#index.terms.length)
    const hashes = Float64Array.from(buckets, (bucket) => this.#hashOf(this.#pairs.termOf(bucket)))
    const partial = partialDistinct(hashes, maxBytes)
    return this.#index.isCut || this.#pairs.isCut
      ? { ...partial, hashes: partial.hashes.sort(), is_cut: true }
      : partial
  }

  #hashOf(term: number): number {
    const known = this.#hashes[term]
    if (known !== undefined) return known
    const hash = hashOf(this.#index.terms[term] ?? '')
    this.#hashes[term] = hash
    return hash
  }
}

/** The weight of a crash that was sampled; 1 for one that was not. */
export function weightAt(weights: Column | null, row: number): number {
  const id = termAt(weights, row)
  const weight = weights === null || id === 0 ? 1 : weights.dictionary.numberAt(id)
  return Number.isNaN(weight) ? 1 : weight
}

/** What some aggregations counted in one bucket. */
export function partialFacets(
  counters: readonly Counter[],
  parent: number,
  shares: Shares,
  detailed: number,
  within: number,
): PartialFacets {
  return Object.fromEntries(
    counters.map((counter) => {
      const partial = counter.partial(parent, shares.next(), detailed, within)
      shares.took(partialBytes(partial))
      return [counter.key, partial]
    }),
  )
}

function partialBytes(partial: PartialTerms | PartialDistinct): number {
  if (partial.kind === 'distinct') return TERM_BYTES + partial.hashes.byteLength
  const own = partial.terms.reduce<number>((sum, term) => sum + TERM_BYTES + 2 * String(term).length, 0)
  return partial.details
    .flatMap((facets) => Object.values(facets))
    .reduce((sum, facet) => sum + partialBytes(facet), own + TERM_BYTES)
}
