import { describe, expect, it } from 'vitest'
import { cappedHostileBuild, HEAP_CAP_MB } from './testing/capped-build.ts'
import { HOSTILE_KINDS } from './testing/hostile-sym.ts'
import { FULL_SIZE } from './testing/random.ts'

/**
 * Files that would not fit: the builder stays under its memory whatever is in them, in a process whose heap is capped, and its index answers right. 250 MB a
 * kind with MAYDAY_TEST_SIZE=full, where a named refusal will do, else 24 MB.
 */
const MB = 1_000_000
const BYTES = (FULL_SIZE ? 250 : 24) * MB
/** The cap is V8's; this is with external memory, and with room for garbage between two collections, not for the text. */
const MAX_PEAK = (HEAP_CAP_MB + 24) * 2 ** 20
const MAX_MS = 1_000_000

describe('the builder stays under its memory', () => {
  for (const kind of Object.keys(HOSTILE_KINDS)) {
    it(
      `with ${kind}`,
      () => {
        const result = cappedHostileBuild(kind, BYTES)
        if (FULL_SIZE && result.kind === 'corrupt') {
          expect(result.reason).toMatch(/^(too_disordered|too_many_names|function_too_large)$/)
          expect(result.peakHeap).toBeLessThan(MAX_PEAK)
          return
        }
        expect(result).toMatchObject({ kind: 'indexed', wrong: [] })
        if (result.kind !== 'indexed') return
        const { facts, seconds, peakHeap, peakRss } = result
        const figures = [facts.text_bytes / seconds / MB, facts.index_bytes / MB, peakHeap / MB, peakRss / MB].map(
          (figure) => figure.toFixed(1),
        )
        console.log(
          `${kind}: ${figures[0]} MB/s, index ${figures[1]} MB, heap and external ${figures[2]} MB, RSS ${figures[3]} MB, passes ${facts.passes}`,
        )
        expect(peakHeap).toBeLessThan(MAX_PEAK)
      },
      MAX_MS,
    )
  }
})
