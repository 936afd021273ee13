import { describe, expect, it } from 'vitest'
import { ANONYMOUS } from '../auth/permissions.ts'
import { crashIdSchema } from '../crash-id.ts'
import { MAX_FACET_BYTES } from '../limits.ts'
import { drawsFrom } from '../testing/draws.ts'
import { chunkOf } from './chunk.ts'
import { answerChunks } from './chunk-query.ts'
import { facetTerms } from './facet-terms.ts'
import { instantOf } from './instant.ts'
import { mergeFacets, mergeTotals } from './merge.ts'
import type { PartialAnswer } from './partial-answer.ts'
import { parseSearchQuery } from './query.ts'
import type { SearchDocument } from './search-rpc.ts'

/**
 * A population of known size is sampled as the collector samples (DESIGN.md section 4), what was kept is indexed with its `sample_weight`, and the
 * engine's `_estimate=1` is held against what there was. The smallest of the 20 signatures has 80,000 crashes: at one in ten its estimate has a
 * standard deviation of 1.1 %, so 5 % are more than four of them.
 */
const SEED = Number(process.env.MAYDAY_SEED ?? 20_261_123)
const NOW_MS = Date.UTC(2026, 10, 23)
const HOURS = 7 * 24
const TOP = Array.from({ length: 20 }, (_, rank) => ({
  signature: `top ${rank}`,
  crashes: 80_000 + 2_000 * (19 - rank),
}))
const RARE = Array.from({ length: 200 }, (_, rank) => ({ signature: `rare ${rank}`, crashes: 1 + (rank % 50) }))
const ALL = TOP.concat(RARE)
const FINGERPRINTS_A_SIGNATURE = 5
const CHUNK_ROWS = 4_096

/** Why a report is kept: its weight; null where it is not. */
type Sampler = (report: { readonly fingerprint: string; readonly hour: number }) => number | null

/** A rule with `percent`: kept by a draw, and each that is kept stands for 1 / the probability. */
const percent =
  (percentKept: number, random: () => number): Sampler =>
  () =>
    random() * 100 < percentKept ? 100 / percentKept : null

/** `duplicates`: of a fingerprint the first `keepFirst` of an hour are kept as they are, then one in `thenOneIn` by a draw. */
function keepN(keepFirst: number, thenOneIn: number, random: () => number): Sampler {
  const seen = new Map<string, number>()
  return ({ fingerprint, hour }) => {
    const key = `${fingerprint} ${hour}`
    const before = seen.get(key) ?? 0
    seen.set(key, before + 1)
    if (before < keepFirst) return 1
    return random() * thenOneIn < 1 ? thenOneIn : null
  }
}

/** The throttle first, then the duplicates; the probabilities multiply. */
const both =
  (first: Sampler, second: Sampler): Sampler =>
  (report) => {
    const weight = first(report)
    const other = weight === null ? null : second(report)
    return weight === null || other === null ? null : weight * other
  }

/** Parts are answered one by one, so that a crash id may come again in another. */
const CRASH_IDS = Array.from({ length: CHUNK_ROWS }, (_, nth) =>
  crashIdSchema.parse(`${nth.toString(16).padStart(8, '0')}-0000-4000-8000-000000261118`),
)
const DATES = Array.from({ length: HOURS }, (_, hour) => instantOf(NOW_MS - (HOURS - hour) * 3_600_000 + 1_000))

/** What the index has of a population, part by part, with how many documents that are in all. */
function indexed(
  sampler: Sampler,
  random: () => number,
  answer: (documents: readonly SearchDocument[]) => void,
): number {
  let kept = 0
  let documents: SearchDocument[] = []
  for (const { signature, crashes } of ALL) {
    for (let nth = 0; nth < crashes; nth += 1) {
      const hour = Math.floor((nth / crashes) * HOURS)
      const fingerprint = `${signature} ${Math.floor(random() * FINGERPRINTS_A_SIGNATURE)}`
      const weight = sampler({ fingerprint, hour })
      const crash_id = CRASH_IDS[documents.length]
      if (weight === null || crash_id === undefined) continue
      kept += 1
      const sample_weight = weight === 1 ? {} : { sample_weight: weight }
      const date = DATES[hour] ?? ''
      documents.push({ crash_id, started_at_ms: 1, values: { date, product: 'Firefox', signature, ...sample_weight } })
      if (documents.length < CHUNK_ROWS) continue
      answer(documents)
      documents = []
    }
  }
  answer(documents)
  return kept
}

function estimates(sampler: (random: () => number) => Sampler) {
  const random = drawsFrom(SEED)
  const parsed = parseSearchQuery(
    new URLSearchParams('product=Firefox&_facets_size=500&_estimate=1&_results_number=0'),
    ANONYMOUS,
    NOW_MS,
  )
  if (parsed.kind === 'bad') throw new Error(parsed.message)
  const { query } = parsed
  const partials: PartialAnswer[] = []
  const kept = indexed(sampler(random), random, (documents) => {
    partials.push(answerChunks([chunkOf(documents)], query, MAX_FACET_BYTES))
  })
  const { facets } = mergeFacets(
    query,
    partials.map((partial) => ({ facets: partial.facets, again: null })),
  )
  const terms = new Map(facetTerms(facets, 'signature').map(({ term, count, estimate }) => [term, { count, estimate }]))
  return { kept, terms, ...mergeTotals(query, partials) }
}

const POPULATION = ALL.reduce((sum, { crashes }) => sum + crashes, 0)

describe(`estimates of sampled crashes (seed ${SEED})`, () => {
  it.each<[string, number, (random: () => number) => Sampler]>([
    ['one in ten, as the ruleset mozilla keeps Firefox’ releases', 0.1, (random) => percent(10, random)],
    ['the first 10 of an hour and one in ten of the rest', 0.19, (random) => keepN(10, 10, random)],
    [
      'one in ten, and of those the first 10 of an hour and one in five',
      0.09,
      (random) => both(percent(10, random), keepN(10, 5, random)),
    ],
  ])('are within 5 %% for each of the 20 top signatures: %s', (_what, share, sampler) => {
    const { kept, total, total_estimate, terms } = estimates(sampler)
    expect(total).toBe(kept)
    expect(kept / POPULATION).toBeGreaterThan(share * 0.8)
    expect(kept / POPULATION).toBeLessThan(share * 1.2)
    for (const { signature, crashes } of TOP) {
      const { count = 0, estimate = 0 } = terms.get(signature) ?? {}
      expect([signature, count < crashes / 3, Math.abs(estimate / crashes - 1) <= 0.05]).toEqual([
        signature,
        true,
        true,
      ])
    }
    expect(Math.abs((total_estimate ?? 0) / POPULATION - 1)).toBeLessThan(0.02)
  })

  it('are the counts where nothing was sampled', () => {
    const few = drawsFrom(SEED)
    const { terms } = estimates(
      () =>
        ({ fingerprint }) =>
          fingerprint.startsWith('rare') || few() < 0.001 ? 1 : null,
    )
    for (const { signature } of RARE) {
      const { count, estimate } = terms.get(signature) ?? {}
      expect([signature, estimate]).toEqual([signature, count])
    }
  })
})
