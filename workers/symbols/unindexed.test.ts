import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { HeldBytes } from '#shared/symbols/held-bytes.ts'
import { FORMAT_VERSION } from '#shared/symbols/index/index-file.ts'
import { buildStoredIndex } from '#shared/symbols/index-build.ts'
import { listUnindexed } from '#shared/symbols/unindexed.ts'
import { symKey, symText } from './testing/sym-texts.ts'

beforeEach(async () => {
  for (const { key } of (await env.SYMBOLS.list()).objects) await env.SYMBOLS.delete(key)
})

const deps = { bucket: env.SYMBOLS, held: new HeldBytes() }
const put = (objectKey: string, functions = 1) => env.SYMBOLS.put(objectKey, symText('x', functions))

/** Looks through the whole bucket, `limit` keys at a time. */
async function lookThrough(limit: number) {
  const bucket = new Proxy(env.SYMBOLS, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...args: unknown[]) => {
        const [options] = args
        return Reflect.apply(method, target, name === 'list' ? [Object.assign({}, options, { limit })] : args)
      }
    },
  })
  const found: string[] = []
  let pages = 0
  for (let after: string | null = null; ; pages++) {
    const page = await listUnindexed(bucket, after, FORMAT_VERSION)
    found.push(...page.object_keys)
    after = page.next
    if (after === null || pages > 100) return { found, pages: pages + 1 }
  }
}

describe('the sym files without a right index', () => {
  it('are found wherever the pages end, in both stores, and nothing else is', async () => {
    const wanted: string[] = []
    for (let at = 0; at < 12; at++) {
      const key = `${at % 2 === 0 ? 'v1' : 'try/v1'}/${symKey(`m${at}`)}`
      await put(key)
      if (at % 3 === 0) wanted.push(key)
      else await buildStoredIndex(deps, key)
    }
    // Of another content, of another format, no index of ours, an index without a file.
    await buildStoredIndex(deps, `v1/${symKey('m0')}`)
    await put(`v1/${symKey('m0')}`, 2)
    const other = `v1/${symKey('m4')}`
    await env.SYMBOLS.put(`${other}index`, 'x', {
      customMetadata: { index_version: String(FORMAT_VERSION + 1), sym_etag: 'x' },
    })
    const foreign = `v1/${symKey('m2')}`
    await env.SYMBOLS.put(`${foreign}index`, 'SYMINDEX')
    wanted.push(other, foreign)
    await env.SYMBOLS.put(`v1/${symKey('gone')}index`, 'x')
    await env.SYMBOLS.put('uploads/7.zip', 'PK')
    await env.SYMBOLS.put('v1/a.pdb/AB/a.pdb', 'pdb')
    for (const limit of [1, 2, 3, 5, 1_000]) {
      const { found, pages } = await lookThrough(limit)
      expect([limit, found]).toEqual([limit, wanted.toSorted()])
      expect(pages).toBeGreaterThan(15 / limit)
    }
  })

  it('are none in an empty store', async () => {
    expect(await lookThrough(1_000)).toEqual({ found: [], pages: 1 })
  })
})
