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

  it('that are small stay while large ones make room for each other, up to a quarter of the budget', async () => {
    const cache = new DecodedBlocks(409_600)
    for (let at = 0; at < 50; at++) await cache.get(`answer ${at}`, block(`answer ${at}`, 200))
    for (let at = 0; at < 30; at++) await cache.get(`block ${at}`, block(`block ${at}`, 40_000))
    expect(cache.bytes).toBeLessThanOrEqual(409_600)
    for (let at = 0; at < 50; at++) expect(cache.held(`answer ${at}`)).not.toBeNull()
    expect(cache.held('block 29')).not.toBeNull()
    expect(cache.held('block 0')).toBeNull()
    for (let at = 0; at < 5_000; at++) await cache.get(`more ${at}`, block('more', 200))
    expect(cache.bytes).toBeLessThanOrEqual(409_600)
    expect(cache.held('block 29')).not.toBeNull()
    expect(cache.held('more 4999')).not.toBeNull()
    expect(cache.held('answer 0')).toBeNull()
  })

  it('that were loaded elsewhere are held, and weigh once however often they come', () => {
    const cache = new DecodedBlocks(100)
    expect(cache.held('a')).toBeNull()
    cache.keep('a', { block: 'first', bytes: 40 })
    cache.keep('a', { block: 'second', bytes: 30 })
    expect(cache.held('a')).toMatchObject({ block: 'second' })
    expect(cache.bytes).toBe(30)
  })
})
