import { describe, expect, it } from 'vitest'
import { otherThreads } from './other-threads.ts'

const NOTHING_ASKED = { open: new Set<number>(), sought: '', unaskedRows: 1_000 } as const
const frames = (...names: readonly string[]) => names.map((name) => ({ function: name, module: 'app' }))
const crash = {
  crashing_thread: 1,
  json_dump: {
    threads: [
      { thread_name: 'main', frames: frames('poll', 'loop') },
      { thread_name: 'worker', frames: frames('abort') },
      { thread_name: 'Socket Thread', frames: frames('epoll_wait', 'Run') },
      {},
    ],
  },
}

describe('otherThreads', () => {
  it('lists all but the crashing thread, folded, with the function that each was in', () => {
    const { all, listed, notListed } = otherThreads(crash, NOTHING_ASKED)
    expect([all, notListed]).toEqual([3, 0])
    expect(listed.map(({ thread, top, frames: shown }) => [thread.index, thread.name, top, shown])).toEqual([
      [0, 'main', 'poll', 'folded'],
      [2, 'Socket Thread', 'epoll_wait', 'folded'],
      [3, null, '', 'folded'],
    ])
  })

  it('takes the innermost inlined function for where a thread was', () => {
    const inlined = { frames: [{ function: 'outer', inlines: [{ function: 'inner' }, { function: 'middle' }] }] }
    expect(otherThreads({ json_dump: { threads: [inlined] } }, NOTHING_ASKED).listed[0]?.top).toBe('inner')
  })

  it('puts frames on the page unasked within their budget only, and those that are asked for always', () => {
    const shown = (open: ReadonlySet<number> | 'all') =>
      otherThreads(crash, { ...NOTHING_ASKED, unaskedRows: 3, open }).listed.map(({ frames: one }) => one)
    expect(shown(new Set())).toEqual(['folded', 'elsewhere', 'folded'])
    expect(shown(new Set([2]))).toEqual(['folded', 'open', 'folded'])
    expect(shown('all')).toEqual(['open', 'open', 'open'])
  })

  it('finds threads by name, function, module and file in any case, opens them and marks the rows', () => {
    const find = (sought: string) =>
      otherThreads(crash, { ...NOTHING_ASKED, sought }).listed.map(({ thread, frames: shown, matches }) => [
        thread.index,
        shown,
        [...matches],
      ])
    expect(find('EPOLL')).toEqual([[2, 'open', ['t2f0']]])
    expect(find('socket thr')).toEqual([[2, 'folded', []]])
    expect(find('app').map(([index]) => index)).toEqual([0, 2])
    expect(find('nowhere')).toEqual([])
  })

  it('stops at the rows that one page holds and counts the threads that it leaves out', () => {
    const threads = Array.from({ length: 40 }, () => ({ frames: Array.from({ length: 400 }, () => ({})) }))
    const { listed, notListed } = otherThreads({ json_dump: { threads } }, { ...NOTHING_ASKED, open: 'all' })
    expect(listed.filter(({ frames: shown }) => shown === 'open')).toHaveLength(15)
    expect(listed.length + notListed).toBe(40)
  })

  it('reads any type in any place', () => {
    for (const threads of [null, 7, 'x', {}, [null, 1, 'x', [], { frames: 'x', thread_name: {} }]]) {
      expect(() => otherThreads({ json_dump: { threads } }, { ...NOTHING_ASKED, sought: 'x' })).not.toThrow()
    }
  })
})
