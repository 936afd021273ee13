import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { CONFIG_REFRESH_MS, MAX_PRODUCTS_BYTES } from '#shared/limits.ts'
import { NO_PRODUCTS } from '#shared/products/products.ts'
import { readPreset } from './preset.ts'
import { ProductsDocument } from './products-document.ts'

const DOCUMENT = JSON.stringify({
  version: 1,
  products: [{ name: 'WaterWolf', rules: [{ rule: 'ESRVersionRewrite' }] }],
})

function rig() {
  const at = { nowMs: 0, reads: 0 }
  const log: string[] = []
  const document = new ProductsDocument(NO_PRODUCTS)
  const config = {
    get(key: string) {
      at.reads += 1
      return env.CONFIG.get(key)
    },
  }
  const names = async (given: Pick<R2Bucket, 'get'> = Object.assign(Object.create(env.CONFIG), config)) => {
    const deps = { config: given, clock: () => at.nowMs, log: (...line: unknown[]) => log.push(JSON.stringify(line)) }
    return (await document.current(deps)).products.map(({ name }) => name)
  }
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

  it('stays as it was when CONFIG does not answer', async () => {
    const { at, log, names } = rig()
    await env.CONFIG.put('products.json', DOCUMENT)
    await names()
    at.nowMs = CONFIG_REFRESH_MS
    const broken = Object.assign(Object.create(env.CONFIG), { get: () => Promise.reject(new Error('R2 is down')) })
    expect(await names(broken)).toEqual(['WaterWolf'])
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
