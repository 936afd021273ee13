import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { type Chunk, chunkOf, type DocumentValues, documentValue, markDead } from './chunk.ts'
import { answerChunks, answerTerms } from './chunk-query.ts'
import { type Column, OWN_TERMS, ownDictionary } from './columns/column.ts'
import { decodeColumn } from './columns/decode.ts'
import { encodeColumn } from './columns/encode.ts'
import { BUILT_IN_FIELDS } from './fields.ts'
import { mergeFacets, mergePage, mergeTotals, unknownTerms } from './merge.ts'
import type { SearchBackend } from './search-backend.ts'
import type { SearchDocument } from './search-rpc.ts'
import { weekOfCrash } from './shards.ts'
import { answersTo, live } from './testing/differences.ts'
import { history, searchParams } from './testing/generated.ts'
import { naiveBackend } from './testing/naive.ts'

/**
 * Everything between a query and its answer but storage and RPC, against the naive engine: columns are encoded and decoded, documents that were processed
 * again or removed are dead rows of sealed chunks, weeks are merged. The shards' own test is workers/search/differential.test.ts.
 */
const RUNS = process.env.MAYDAY_TEST_SIZE === 'full' ? 5_000 : 500
const DOCUMENTS = process.env.MAYDAY_TEST_SIZE === 'full' ? 2_000 : 600
const seed = Number(process.env.MAYDAY_SEED ?? 20_261_123)

/** A chunk as it comes back from storage. */
function sealedChunk(documents: readonly DocumentValues[], dead: Uint8Array | null): Chunk {
  const columns = new Map<string, Column | null>()
  const read = (field: string): Column | null => {
    const blob = encodeColumn(documents.map((document) => documentValue(document, field)))
    if (blob === null) return null
    const { values, ids } = decodeColumn(blob)
    return { ids, terms: OWN_TERMS, dictionary: ownDictionary(values) }
  }
  return {
    rows: documents.length,
    dead,
    dates: null,
    column(field) {
      const column = columns.get(field) ?? read(field)
      columns.set(field, column)
      return column
    },
  }
}

/** The documents of one week: every `sealSize` of them become a chunk, in the order in which they came. */
class MemoryShard {
  readonly #sealSize: number
  readonly #sealed: { documents: readonly SearchDocument[]; dead: Uint8Array | null }[] = []
  #open: SearchDocument[] = []

  constructor(sealSize: number) {
    this.#sealSize = sealSize
  }

  add(document: SearchDocument): void {
    this.take(document)
    this.#open.push(document)
    if (this.#open.length < this.#sealSize) return
    this.#sealed.push({ documents: this.#open, dead: null })
    this.#open = []
  }

  take({ crash_id }: Pick<SearchDocument, 'crash_id'>): void {
    this.#open = this.#open.filter((document) => document.crash_id !== crash_id)
    for (const chunk of this.#sealed) {
      for (const [row, document] of chunk.documents.entries()) {
        if (document.crash_id === crash_id) chunk.dead = markDead(chunk.dead, row, chunk.documents.length)
      }
    }
  }

  chunks(): readonly Chunk[] {
    return [...this.#sealed.map(({ documents, dead }) => sealedChunk(documents, dead)), chunkOf(this.#open)]
  }
}

/** The engine without its storage. Which document of a crash is in force is the naive engine's to say. */
function chunksBackend(sealSize: number, maxFacetBytes: number): SearchBackend {
  const shards = new Map<string, MemoryShard>()
  const inForce = new Map<string, SearchDocument>()
  const books = naiveBackend()
  let chunks: readonly (readonly Chunk[])[] | null = null
  const shardOf = ({ crash_id }: Pick<SearchDocument, 'crash_id'>): MemoryShard => {
    const week = weekOfCrash(crash_id)
    const shard = shards.get(week) ?? new MemoryShard(sealSize)
    shards.set(week, shard)
    return shard
  }
  return {
    ...books,
    async index(documents) {
      chunks = null
      for (const document of documents) {
        const before = inForce.get(document.crash_id)
        if (before !== undefined && document.started_at_ms < before.started_at_ms) continue
        await books.index([document])
        if ((await books.missing([document.crash_id])).length > 0) continue
        inForce.set(document.crash_id, document)
        shardOf(document).add(document)
      }
    },
    async remove(crashIds) {
      chunks = null
      await books.remove(crashIds)
      for (const crash_id of crashIds) {
        shardOf({ crash_id }).take({ crash_id })
        inForce.delete(crash_id)
      }
    },
    async query(query) {
      chunks ??= [...shards.values()].map((shard) => shard.chunks())
      const partials = chunks.map((ofShard) => answerChunks(ofShard, query, maxFacetBytes))
      const facets = partials.map((partial) => partial.facets)
      const wanted = unknownTerms(query, facets)
      const merged = mergeFacets(
        query,
        facets.map((first, shard) => {
          const terms = wanted[shard] ?? null
          if (terms === null) return { facets: first, again: null }
          return {
            facets: first,
            again: { wanted: terms, facets: answerTerms(chunks?.[shard] ?? [], query, terms, maxFacetBytes) },
          }
        }),
      )
      const hits = mergePage(query, partials).flatMap((crashId) => {
        const document = inForce.get(crashId)
        if (document === undefined) return []
        return [Object.fromEntries(query.columns.map(({ name }) => [name, documentValue(document, name) ?? null]))]
      })
      return { ...mergeTotals(query, partials), hits, facets: merged.facets, errors: merged.warnings }
    },
  }
}

describe.each([
  ['sealed after 16 documents, with room for all terms', 16, 1_000_000, 0.01],
  ['sealed after 100 documents, with room for few terms', 100, 2_000, 1],
])('chunks %s', (_, sealSize, maxFacetBytes, maxInexact) => {
  let asked = 0
  let inexact = 0
  afterAll(() => console.log(`${asked} queries, ${inexact} answers said to be inexact, MAYDAY_SEED=${seed}`))

  it(`answer ${RUNS} queries over ${DOCUMENTS} documents as the naive engine`, { timeout: 600_000 }, async () => {
    const [past] = fc.sample(history(BUILT_IN_FIELDS, DOCUMENTS), { numRuns: 1, seed })
    if (past === undefined) throw new Error('no history')
    const [naive, engine] = [naiveBackend(), chunksBackend(sealSize, maxFacetBytes)]
    await live(naive, past)
    await live(engine, past)
    await fc.assert(
      fc.asyncProperty(searchParams(BUILT_IN_FIELDS), async (params) => {
        const answers = await answersTo(params, BUILT_IN_FIELDS, naive, engine)
        if (answers === null) return
        asked += 1
        if (answers.isInexact) inexact += 1
        expect(answers.seen).toEqual(answers.expected)
      }),
      { numRuns: RUNS, seed },
    )
    expect(inexact / asked).toBeLessThanOrEqual(maxInexact)
  })
})
