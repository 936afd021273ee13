import { describe, expect, it } from 'vitest'
import { type CountsByName, timesOfCounts } from '#shared/collector-books.ts'
import { COUNTS_FLUSH_EVENTS, COUNTS_FLUSH_MS, MAX_COUNTS_HELD } from '#shared/limits.ts'
import { type CountBatch, Counts } from './counts.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 23, 59, 50)

/** Counts with a clock to turn, and a keeper that takes, refuses or hangs. A pause ends when the test says so. */
function countsAt(nowMs: number) {
  const state: { nowMs: number; keeper: 'takes' | 'takes, answer lost' | 'refuses' | 'hangs' } = {
    nowMs,
    keeper: 'takes',
  }
  const batches: CountBatch[] = []
  const logged: string[] = []
  const pauses: (() => void)[] = []
  const works: Promise<unknown>[] = []
  const counts = new Counts(
    () => state.nowMs,
    (bytes) => bytes.fill(7),
  )
  const keeper = {
    add: async (batch: CountBatch) => {
      if (state.keeper === 'hangs') await new Promise(() => undefined)
      if (state.keeper !== 'refuses') batches.push(batch)
      if (state.keeper !== 'takes') throw new Error('Counters is down')
    },
  }
  const flushLater = () =>
    counts.flushLater({
      keeper,
      defer: (work) => void works.push(work),
      pause: () => new Promise<void>((resolve) => pauses.push(resolve)),
      log: (_stage, outcome, fields) => void logged.push(`${outcome} ${JSON.stringify(fields)}`),
    })
  const meet = (times = 1) => {
    for (let n = 0; n < times; n++) {
      counts.count('reject', 'no_wolves')
      flushLater()
    }
  }
  /** COUNTS_FLUSH_MS pass, and what waited for that is done. */
  const later = async () => {
    state.nowMs += COUNTS_FLUSH_MS
    for (const end of pauses.splice(0)) end()
    await Promise.all(works.splice(0))
  }
  return { counts, state, batches, logged, works, flushLater, meet, later }
}

const hoursOf = (batches: readonly CountBatch[]) => batches.map(({ hours }) => hours)
const BY_RULE = 'rule reject no_wolves'

describe('what an isolate counted', () => {
  it('is written once, ten seconds after the first, by the hour in which it was counted', async () => {
    const { counts, state, batches, meet, flushLater, later } = countsAt(NOW_MS)
    meet(2)
    state.nowMs += 10_000
    counts.countAnswer({ kind: 'malformed', reason: 'bad_gzip' })
    state.nowMs -= 10_000
    flushLater()
    expect(batches).toEqual([])
    await later()
    expect(hoursOf(batches)).toEqual([
      { '2026112323': { [BY_RULE]: 2 }, '2026112400': { 'outcome malformed bad_gzip': 1 } },
    ])
    flushLater()
    await later()
    expect(batches).toHaveLength(1)
  })

  it('is written at once when it is much', async () => {
    const { batches, works, meet } = countsAt(NOW_MS)
    meet(COUNTS_FLUSH_EVENTS - 1)
    expect(batches).toEqual([])
    meet(1)
    await works[1]
    expect(hoursOf(batches)).toEqual([{ '2026112323': { [BY_RULE]: COUNTS_FLUSH_EVENTS } }])
  })

  it('is kept when it cannot be written, and goes as it was before what came after it', async () => {
    const { state, batches, logged, meet, later } = countsAt(NOW_MS)
    state.keeper = 'takes, answer lost'
    meet(3)
    await later()
    expect(logged).toEqual(['counts_unwritten {"events":0,"reason":"Error: Counters is down"}'])
    state.keeper = 'refuses'
    state.nowMs += COUNTS_FLUSH_MS
    meet(2)
    await later()
    state.keeper = 'takes'
    state.nowMs += COUNTS_FLUSH_MS
    meet(1)
    await later()
    // The first twice, under one number: the keeper counts it once.
    expect(batches.map(({ isolate, number }) => [isolate, number])).toEqual([
      ['0707070707070707', 1],
      ['0707070707070707', 1],
      ['0707070707070707', 2],
    ])
    expect(hoursOf(batches).map((hours) => Object.values(hours)[0]?.[BY_RULE])).toEqual([3, 3, 3])
  })

  it('does not knock at every report while it cannot be written', async () => {
    const { state, logged, works, meet, later } = countsAt(NOW_MS)
    state.keeper = 'refuses'
    meet(COUNTS_FLUSH_EVENTS)
    await later()
    state.nowMs -= 1
    for (let n = 0; n < 10; n++) {
      meet(COUNTS_FLUSH_EVENTS)
      await Promise.all(works)
    }
    expect(logged).toHaveLength(1)
  })

  it('is written by the next report when the one that was to write it is gone', async () => {
    const { state, batches, works, meet } = countsAt(NOW_MS)
    meet(1)
    state.nowMs += COUNTS_FLUSH_MS + 1
    meet(1)
    await works[1]
    expect(hoursOf(batches)).toEqual([{ '2026112323': { [BY_RULE]: 1 }, '2026112400': { [BY_RULE]: 1 } }])
  })

  it('is written by the next report when a write hangs and its request is gone', async () => {
    const { state, batches, works, meet } = countsAt(NOW_MS)
    state.keeper = 'hangs'
    meet(COUNTS_FLUSH_EVENTS)
    state.keeper = 'takes'
    meet(COUNTS_FLUSH_EVENTS)
    expect(works).toHaveLength(2)
    state.nowMs += 60_000
    meet(1)
    await works[2]
    expect(batches.map(({ number }) => number)).toEqual([1, 2])
    expect(hoursOf(batches).map((hours) => Object.values(hours)[0]?.[BY_RULE])).toEqual([100, 100])
  })

  it('is bounded: of too many kinds the number is kept and the name is not', async () => {
    const { counts, batches, flushLater, works } = countsAt(NOW_MS)
    for (let n = 0; n < MAX_COUNTS_HELD + 5; n++) counts.count('accept', `rule_${n}`)
    counts.count('accept', 'rule_0')
    flushLater()
    await Promise.all(works)
    const held: CountsByName = batches[0]?.hours['2026112323'] ?? {}
    expect([Object.keys(held).length, held.other, held['rule accept rule_0']]).toEqual([MAX_COUNTS_HELD + 1, 5, 2])
  })
})

describe('counts of hours', () => {
  it('are read by hour or added up by day', () => {
    const hours = {
      '2026112400': { 'rule accept a': 1 },
      '2026112322': { 'rule accept a': 2, 'outcome unauthorized_uuid ': 1, other: 4 },
      '2026112323': { 'rule accept a': 3, 'outcome refused body_timeout': 1 },
    }
    expect(timesOfCounts(hours, 'day')).toEqual([
      {
        time: '20261123',
        outcomes: [
          { outcome: 'unauthorized_uuid', reason: null, count: 1 },
          { outcome: 'refused', reason: 'body_timeout', count: 1 },
        ],
        rules: [{ rule: 'a', result: 'accept', count: 5 }],
        other: 4,
      },
      { time: '20261124', outcomes: [], rules: [{ rule: 'a', result: 'accept', count: 1 }], other: 0 },
    ])
    expect(timesOfCounts(hours, 'hour').map(({ time }) => time)).toEqual(['2026112322', '2026112323', '2026112400'])
  })
})
