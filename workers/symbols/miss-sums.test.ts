import { describe, expect, it } from 'vitest'
import type { MissedRequests } from '#shared/db/missing-symbols.ts'
import { MAX_MISSES_HELD, MISSES_FLUSH_MS } from '#shared/limits.ts'
import { parseSymbolKey, type SymbolKey } from '#shared/symbols/key.ts'
import { MissSums } from './miss-sums.ts'

const NOW_MS = Date.UTC(2026, 10, 23)

function keyOf(n: number): SymbolKey {
  const key = parseSymbolKey(`lib${n}.so/${n.toString(16).padStart(33, 'A')}/lib${n}.so.sym`)
  if (key === null) throw new Error('no key')
  return key
}

/** Sums with a clock to turn, and what they wrote. `down` makes the next write fail. */
function sumsAt(nowMs: number) {
  const state = { nowMs, down: false }
  const written: (readonly MissedRequests[])[] = []
  const logged: string[] = []
  const sums = new MissSums(() => state.nowMs)
  const addRequests = async (missed: readonly MissedRequests[]) => {
    if (state.down) throw new Error('D1 is down')
    written.push(missed)
  }
  const flush = () => sums.flush({ addRequests }, (_stage, outcome) => void logged.push(outcome))
  return { sums, state, written, logged, flush }
}

describe('misses summed in an isolate', () => {
  it('are written at once the first time, then at most once a minute, however many there are', async () => {
    const { sums, state, written, flush } = sumsAt(NOW_MS)
    sums.note(keyOf(1))
    await flush()
    for (let second = 1; second < 60; second++) {
      state.nowMs = NOW_MS + second * 1_000
      sums.note(keyOf(second % 2))
      await flush()
    }
    expect(written).toHaveLength(1)
    state.nowMs = NOW_MS + MISSES_FLUSH_MS
    await flush()
    expect(written).toHaveLength(2)
    expect(written[1]?.map(({ debugFile, requests }) => [debugFile, requests])).toEqual([
      ['lib1.so', 30],
      ['lib0.so', 29],
    ])
    expect(written[1]?.[0]).toMatchObject({ firstSeenAtMs: NOW_MS + 1_000, lastSeenAtMs: NOW_MS + 59_000 })
    state.nowMs += MISSES_FLUSH_MS
    await flush()
    expect(written).toHaveLength(2)
  })

  it('are kept for the next time when D1 fails, with those that came meanwhile', async () => {
    const { sums, state, written, logged, flush } = sumsAt(NOW_MS)
    state.down = true
    sums.note(keyOf(1))
    await flush()
    sums.note(keyOf(1))
    state.down = false
    await flush()
    expect([written, logged]).toEqual([[], ['misses_unwritten']])
    state.nowMs += MISSES_FLUSH_MS
    await flush()
    expect(written).toMatchObject([[{ debugFile: 'lib1.so', requests: 2, firstSeenAtMs: NOW_MS }]])
  })

  it('are bounded: a flood of ids takes no memory, and known ones still count', async () => {
    const { sums, written, flush } = sumsAt(NOW_MS)
    for (let n = 0; n < 10 * MAX_MISSES_HELD; n++) sums.note(keyOf(n))
    sums.note(keyOf(0))
    await flush()
    expect(written[0]).toHaveLength(MAX_MISSES_HELD)
    expect(written[0]?.[0]).toMatchObject({ debugFile: 'lib0.so', requests: 2 })
  })

  it('are none for what is no sym file', async () => {
    const { sums, written, flush } = sumsAt(NOW_MS)
    const pdb = parseSymbolKey('a.pdb/44E4EC8C2F41492B9369D6B9A059577C2/a.pdb')
    if (pdb !== null) sums.note(pdb)
    await flush()
    expect(written).toEqual([])
  })
})
