import { describe, expect, it } from 'vitest'
import { aggregate } from './aggregate.ts'
import { hitOf, mergePartials } from './merge.ts'
import type { SearchDocument } from './search-rpc.ts'
import { SEMANTICS, type SearchBackend, semanticsOutcome } from './semantics.ts'
import { weekOfCrash } from './shards.ts'

/** The pure functions as an engine: documents by week, as the shards have them. */
function memoryBackend(): SearchBackend {
  const documents: SearchDocument[] = []
  return {
    index: async (added) => void documents.push(...added),
    query: async (query) => {
      const weeks = [...new Set(documents.map(({ crash_id }) => weekOfCrash(crash_id)))]
      const ofWeek = (week: string) => documents.filter(({ crash_id }) => weekOfCrash(crash_id) === week)
      const merged = mergePartials(
        query,
        weeks.map((week) => aggregate(ofWeek(week), query, 1_000_000)),
      )
      const valuesOf = new Map(documents.map(({ crash_id, values }) => [crash_id, values]))
      const hits = merged.page.map((crashId) => hitOf(valuesOf.get(crashId) ?? {}, query.columns))
      return { ...merged, hits, errors: merged.warnings }
    },
  }
}

describe('SuperSearch, by the pure functions', () => {
  it.each(SEMANTICS)('$name', async (row) => {
    expect(await semanticsOutcome(row, memoryBackend())).toMatchObject(row.expected)
  })
})
