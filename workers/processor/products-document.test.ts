import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { CONFIG_REFRESH_MS, MAX_PRODUCTS_BYTES } from '#shared/limits.ts'
import { NO_PRODUCTS, type Products } from '#shared/products/products.ts'
import { productsDocument } from '#shared/products/products-document.ts'
import { readPreset } from './preset.ts'

const DOCUMENT = JSON.stringify({
  version: 1,
  products: [{ name: 'WaterWolf', rules: [{ rule: 'ESRVersionRewrite' }] }],
})

function rig({ whereNoneWasGood = NO_PRODUCTS }: { whereNoneWasGood?: Products | null } = {}) {
  const at = { nowMs: 0, reads: 0, isDown: false }
  const log: string[] = []
  const config = {
    get(key: string) {
      if (key === 'products.json') at.reads += 1
      return at.isDown ? Promise.reject(new Error('R2 is down')) : env.CONFIG.get(key)
    },
    put: (key: string, value: string) => env.CONFIG.put(key, value),
  }
  const deps = { config, stage: 'processor', keepsLastGood: false, clock: () => at.nowMs }
  const document = productsDocument(
    NO_PRODUCTS,
    { ...deps, log: (...line) => log.push(JSON.stringify(line)) },
    whereNoneWasGood,
  )
  const names = async () => (await document.current())?.products.map(({ name }) => name)
  return { at, log, names }
}

describe('the products document', () => {
  beforeEach(() => env.CONFIG.delete('products.json'))

  it('is the built-in one where there is none', async () => {
    expect(await rig().names()).toEqual([])
  })

  it('is read once a minute', async () => {
    const { at, names } = rig()
    expect(await names()).toEqual([])
    await env.CONFIG.put('products.json', DOCUMENT)
    at.nowMs = CONFIG_REFRESH_MS - 1
    expect(await names()).toEqual([])
    expect(at.reads).toBe(1)
    at.nowMs = CONFIG_REFRESH_MS
    expect(await names()).toEqual(['WaterWolf'])
    await env.CONFIG.delete('products.json')
    at.nowMs = 2 * CONFIG_REFRESH_MS
    expect(await names()).toEqual([])
  })

  it.each([
    ['{"version":1,"products":[{"name":"a","rules":[{"rule":"Nope"}]}]}', 'products.0.rules.0.rule'],
    ['{', '(document)'],
    [' '.repeat(MAX_PRODUCTS_BYTES + 1), '(document)'],
  ])('stays as it was when the new one is wrong, and says where: %.60s', async (json, path) => {
    const { at, log, names } = rig()
    await env.CONFIG.put('products.json', DOCUMENT)
    await names()
    await env.CONFIG.put('products.json', json)
    at.nowMs = CONFIG_REFRESH_MS
    expect(await names()).toEqual(['WaterWolf'])
    expect(log.join()).toContain(`"path":"${path}"`)
  })

  it('is not known before CONFIG has answered once', async () => {
    const { at, names } = rig()
    await env.CONFIG.put('products.json', DOCUMENT)
    at.isDown = true
    expect(await names()).toBeUndefined()
    at.isDown = false
    expect(await names()).toEqual(['WaterWolf'])
  })

  it('that was never good is the built-in one, or not known where a stage says so, until it is good', async () => {
    await env.CONFIG.put('products.json', '{')
    expect(await rig().names()).toEqual([])
    const { at, names } = rig({ whereNoneWasGood: null })
    expect(await names()).toBeUndefined()
    at.nowMs = CONFIG_REFRESH_MS
    expect(await names()).toBeUndefined()
    await env.CONFIG.put('products.json', DOCUMENT)
    at.nowMs = 2 * CONFIG_REFRESH_MS
    expect(await names()).toEqual(['WaterWolf'])
  })

  it('is read once for all that ask at once', async () => {
    const { at, names } = rig()
    await env.CONFIG.put('products.json', DOCUMENT)
    expect(await Promise.all([names(), names()])).toEqual([['WaterWolf'], ['WaterWolf']])
    expect(at.reads).toBe(1)
  })

  it('stays as it was when CONFIG does not answer', async () => {
    const { at, log, names } = rig()
    await env.CONFIG.put('products.json', DOCUMENT)
    await names()
    at.nowMs = CONFIG_REFRESH_MS
    at.isDown = true
    expect(await names()).toEqual(['WaterWolf'])
    expect(log.join()).toContain('products_unavailable')
  })
})

describe('the preset', () => {
  it('scrubs unless it is Mozilla’s, which has products with rules', () => {
    expect(readPreset({}).scrub?.('/home/joe')).toBe('/home/<user>')
    expect(readPreset({}).products.products).toEqual([])
    expect(readPreset({ PRESET: 'mozilla' }).scrub).toBeNull()
    expect(readPreset({ PRESET: 'mozilla' }).products.products.map(({ name }) => name)).toContain('Firefox')
    expect(() => readPreset({ PRESET: 'Mozilla' })).toThrow()
  })
})
