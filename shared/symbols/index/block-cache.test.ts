import { describe, expect, it } from 'vitest'
import { DecodedBlocks } from './block-cache.ts'

const block = (name: string, bytes: number) => async () => ({ block: name, bytes })
const never = () => Promise.reject(new Error('loaded again'))

describe('decoded blocks', () => {
  it('are loaded once, also for two that ask at once', async () => {
    const cache = new DecodedBlocks(100)
    let loads = 0
    const load = async () => ({ block: `load ${++loads}`, bytes: 10 })
    expect(await Promise.all([cache.get('a', load), cache.get('a', load)])).toEqual(['load 1', 'load 1'])
    expect(await cache.get('a', never)).toBe('load 1')
    expect(cache.bytes).toBe(10)
  })

  it('are forgotten above the budget, those unused longest first', async () => {
    const cache = new DecodedBlocks(100)
    await cache.get('a', block('a', 40))
    await cache.get('b', block('b', 40))
    await cache.get('a', never)
    await cache.get('c', block('c', 40))
    expect(cache.bytes).toBe(80)
    expect(await cache.get('a', never)).toBe('a')
    await expect(cache.get('b', never)).rejects.toThrow('loaded again')
    await cache.get('huge', block('huge', 1_000))
    expect(cache.bytes).toBe(0)
  })

  it('whose load fails are not kept, and fail nobody later', async () => {
    const cache = new DecodedBlocks(100)
    await expect(cache.get('a', never)).rejects.toThrow('loaded again')
    expect(await cache.get('a', block('a', 1))).toBe('a')
  })
})
