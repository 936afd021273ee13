import { describe, expect, it } from 'vitest'
import { Connections, mapConcurrently } from './connections.ts'

describe('connections', () => {
  it('are six at most, whatever waits, and come free when work fails', async () => {
    const connections = new Connections()
    let open = 0
    let most = 0
    const ask = (n: number) =>
      connections.run(async () => {
        most = Math.max(most, ++open)
        await new Promise((resolve) => setTimeout(resolve, 1))
        open--
        if (n % 3 === 0) throw new Error('R2 is down')
        return n
      })
    const ends = await Promise.allSettled(Array.from({ length: 40 }, (_, n) => ask(n)))
    expect([most, open]).toEqual([6, 0])
    expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(14)
    expect(await ask(1)).toBe(1)
  })

  it('map in order, and throw what the work throws', async () => {
    const doubled = await mapConcurrently([5, 1, 3, 2, 9, 8, 7, 6], async (n) => {
      await new Promise((resolve) => setTimeout(resolve, n))
      return 2 * n
    })
    expect(doubled).toEqual([10, 2, 6, 4, 18, 16, 14, 12])
    expect(await mapConcurrently([], async () => 1)).toEqual([])
    await expect(mapConcurrently([1, 2], () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  })
})
