import { describe, expect, it } from 'vitest'
import { INDEX_TURN_LEASE_MS } from '../limits.ts'
import { BuildTurn } from './build-turn.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('the turn of an index build', () => {
  it('is one at a time, also when one fails', async () => {
    const turn = new BuildTurn(() => 0)
    const order: string[] = []
    const build = (name: string) =>
      turn.run(1_000, async () => {
        order.push(`${name} begins`)
        await pause(1)
        order.push(`${name} ends`)
        if (name === 'b') throw new Error('R2 is down')
        return name
      })
    const ends = await Promise.allSettled([build('a'), build('b'), build('c')])
    expect(order).toHaveLength(6)
    for (let at = 0; at < 6; at += 2) expect(order[at]?.split(' ')[0]).toBe(order[at + 1]?.split(' ')[0])
    expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : 'failed'))).toEqual([
      { kind: 'done', value: 'a' },
      'failed',
      { kind: 'done', value: 'c' },
    ])
  })

  it('that does not come in time is busy, and the next one has it all the same', async () => {
    const turn = new BuildTurn(() => 0)
    let end: () => void = () => undefined
    const held = turn.run(1_000, () => new Promise<void>((resolve) => (end = resolve)))
    expect(await turn.run(5, async () => 'never')).toEqual({ kind: 'busy' })
    const next = turn.run(1_000, async () => 'next')
    end()
    await held
    expect(await next).toEqual({ kind: 'done', value: 'next' })
  })

  it('of a build that never ended is over after its lease, and its late end takes nobody’s turn', async () => {
    let nowMs = 0
    const turn = new BuildTurn(() => nowMs)
    let endLate: () => void = () => undefined
    const lost = turn.run(1_000, () => new Promise<void>((resolve) => (endLate = resolve)))
    await pause(1)
    nowMs = INDEX_TURN_LEASE_MS + 1
    let isRunning = true
    const second = turn.run(5, async () => {
      await pause(100)
      isRunning = false
    })
    endLate()
    await lost
    const third = turn.run(1_000, async () => isRunning)
    await second
    expect(await third).toEqual({ kind: 'done', value: false })
  })
})
