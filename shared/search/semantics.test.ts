import { describe, expect, it } from 'vitest'
import { SEMANTICS } from './semantics.ts'
import { semanticsOutcome } from './semantics-case.ts'
import { LIFECYCLE_CASES } from './semantics-lifecycle.ts'
import { naiveBackend } from './testing/naive.ts'

/** The table holds for the engine that others are compared with. The shards' tests run it over real ones (workers/search). */
describe('SuperSearch, by the naive engine', () => {
  it.each(SEMANTICS)('$name', async (row) => {
    expect(await semanticsOutcome(row, naiveBackend())).toEqual(row.expected)
  })

  it.each(LIFECYCLE_CASES)('$name', async ({ run, expected }) => {
    expect(await run(naiveBackend())).toEqual(expected)
  })
})
