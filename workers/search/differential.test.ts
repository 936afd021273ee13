import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { systemClock } from '#shared/clock.ts'
import { BUILT_IN_FIELDS } from '#shared/search/fields.ts'
import type { SearchBackend } from '#shared/search/search-backend.ts'
import { SEMANTICS } from '#shared/search/semantics.ts'
import { semanticsOutcome } from '#shared/search/semantics-case.ts'
import { LIFECYCLE_CASES } from '#shared/search/semantics-lifecycle.ts'
import { answersTo, live } from '#shared/search/testing/differences.ts'
import { history, searchParams } from '#shared/search/testing/generated.ts'
import { naiveBackend } from '#shared/search/testing/naive.ts'
import { indexDocuments, missingCrashes, querySearch, removeCrashes, type SearchDeps } from './search.ts'
import type { ChunkSize } from './shard-documents.ts'

const { MAYDAY_TEST_SIZE, MAYDAY_SEED } = z
  .object({ MAYDAY_TEST_SIZE: z.string().default(''), MAYDAY_SEED: z.string().default('') })
  .parse(env)
const isFull = MAYDAY_TEST_SIZE === 'full'
/** Of each of two: together 5,000, or 500. */
const RUNS = isFull ? 2_500 : 250
const DOCUMENTS = isFull ? 2_000 : 600
const seed = Number(MAYDAY_SEED || 20_261_123)

/** Real shards, whose names begin with a fresh one, sealed as early as is said. */
function shardsBackend({ documents, shardsPerWeek }: { documents: number; shardsPerWeek: number }): SearchBackend {
  const name = crypto.randomUUID()
  const size: ChunkSize = { documents, bytes: 1_000_000 }
  const resized = new Map<string, Promise<void>>()
  const stubOf = async (shard: string) => {
    const stub = env.SHARDS.getByName(`${name}-${shard}`)
    const ready = resized.get(shard) ?? stub.resize(size)
    resized.set(shard, ready)
    await ready
    return stub
  }
  const deps: SearchDeps = {
    shardOf: (shard) => ({
      index: async (added) => (await stubOf(shard)).index(added),
      noteElsewhere: async (week) => (await stubOf(shard)).noteElsewhere(week),
      splits: async (toFix) => (await stubOf(shard)).splits(toFix),
      query: async (query, maxFacetBytes) => (await stubOf(shard)).query(query, maxFacetBytes),
      terms: async (query, wanted, maxFacetBytes) => (await stubOf(shard)).terms(query, wanted, maxFacetBytes),
      hits: async (crashIds, columns, maxBytes) => (await stubOf(shard)).hits(crashIds, columns, maxBytes),
      remove: async (crashIds) => (await stubOf(shard)).remove(crashIds),
      missing: async (crashIds) => (await stubOf(shard)).missing(crashIds),
      ping: async () => (await stubOf(shard)).ping(),
    }),
    shardsPerWeek,
    splitsOfWeek: new Map(),
    clock: systemClock,
    log: () => undefined,
  }
  return {
    index: (added) => indexDocuments(deps, added),
    query: (query) => querySearch(deps, query),
    remove: (crashIds) => removeCrashes(deps, crashIds),
    missing: (crashIds) => missingCrashes(deps, crashIds),
  }
}

/** Every case over sealed and open documents, in several shards. */
describe('SuperSearch, by shards with chunks of two documents and weeks in two parts', () => {
  const size = { documents: 2, shardsPerWeek: 2 }

  it.each(SEMANTICS)('$name', async (row) => {
    expect(await semanticsOutcome(row, shardsBackend(size))).toEqual(row.expected)
  })

  it.each(LIFECYCLE_CASES)('$name', async ({ run, expected }) => {
    expect(await run(shardsBackend(size))).toEqual(expected)
  })
})

/** Several weeks, crashes that were processed again or removed, chunks of 32 documents and some open ones in every shard. */
describe.each([
  ['one a week', 1],
  ['two a week', 2],
])('shards, %s', (_, shardsPerWeek) => {
  it(`answer ${RUNS} queries over ${DOCUMENTS} documents as the naive engine`, { timeout: 900_000 }, async () => {
    const [past] = fc.sample(history(BUILT_IN_FIELDS, DOCUMENTS), { numRuns: 1, seed })
    if (past === undefined) throw new Error('no history')
    const [naive, shards] = [naiveBackend(), shardsBackend({ documents: 32, shardsPerWeek })]
    await live(naive, past)
    await live(shards, past)
    const ids = past.index.flat().map(({ crash_id }) => crash_id)
    expect(await shards.missing(ids)).toEqual(await naive.missing(ids))
    let [asked, inexact] = [0, 0]
    await fc.assert(
      fc.asyncProperty(searchParams(BUILT_IN_FIELDS), async (params) => {
        const answers = await answersTo(params, BUILT_IN_FIELDS, naive, shards)
        if (answers === null) return
        asked += 1
        if (answers.isInexact) inexact += 1
        expect(answers.seen).toEqual(answers.expected)
      }),
      { numRuns: RUNS, seed: seed + shardsPerWeek },
    )
    console.log(`${asked} queries, ${inexact} answers said to be inexact, MAYDAY_SEED=${seed}`)
    expect(inexact).toBeLessThanOrEqual(asked / 100)
  })
})
