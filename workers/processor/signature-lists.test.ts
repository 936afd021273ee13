import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { MAX_SIGNATURE_LIST_BYTES, SIGNATURE_LISTS_MAX_AGE_MS } from '#shared/limits.ts'
import type { LogFields } from '#shared/log.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { generateSignature } from '#shared/signature/generate.ts'
import { type ListSourceDeps, signatureListSource } from '#shared/signature/list-source.ts'
import { LIST_FILES, type ListName } from '#shared/signature/lists.ts'

const builtIn = defaultSignatureLists()
const STACK = { threads: [{ frames: [{ function: 'one' }, { function: 'two' }, { function: 'three' }] }] }

/** Puts a folder of lists into CONFIG, as `wrangler r2 object put` does: file by file. */
async function put(texts: Partial<Record<ListName, string>>): Promise<void> {
  for (const [name, file] of Object.entries(LIST_FILES)) {
    const text = { irrelevant: '', prefix: '', sentinels: '', withLineNumbers: '', ...texts }[name]
    await env.CONFIG.put(`signature/${file}`, text ?? '')
  }
}

async function clear(): Promise<void> {
  for (const { key } of (await env.CONFIG.list()).objects) await env.CONFIG.delete(key)
}

/** An isolate: its own source, a clock that the test sets, and what it logged. */
function isolate(changed: Partial<ListSourceDeps> = {}) {
  const logged: { outcome: string; fields: LogFields | undefined }[] = []
  const state = { nowMs: 1_000_000 }
  const source = signatureListSource({
    config: env.CONFIG,
    builtIn,
    stage: 'processor',
    keepsLastGood: true,
    clock: () => state.nowMs,
    log: (_, outcome, fields) => logged.push({ outcome, fields }),
    ...changed,
  })
  return {
    logged,
    source,
    sign: async () => generateSignature(STACK, await source.current()).signature,
    minuteLater() {
      state.nowMs += 60_000
    },
    wait(ms: number) {
      state.nowMs += ms
    },
  }
}

beforeEach(clear)

describe('the signature lists of CONFIG', () => {
  it('are the built-in ones where no file is stored', async () => {
    expect((await isolate().source.current()).hash).toBe(builtIn.hash)
  })

  it('count within a minute after a change, without a deploy, and the hash says which they were', async () => {
    const processor = isolate()
    expect(await processor.sign()).toBe('one')
    await put({ prefix: 'one' })
    processor.minuteLater()
    expect(await processor.sign()).toBe('one | two')
    const { hash } = await processor.source.current()
    expect(hash).not.toBe(builtIn.hash)
    expect(processor.logged).toEqual([
      { outcome: 'signature_lists_changed', fields: { lists_hash: hash, previous_hash: builtIn.hash } },
    ])
    await clear()
    processor.minuteLater()
    expect((await processor.source.current()).hash).toBe(builtIn.hash)
  })

  it('are read once a while, not once a crash', async () => {
    let reads = 0
    const config: ListSourceDeps['config'] = {
      get(key) {
        reads += 1
        return env.CONFIG.get(key)
      },
      put: (key, value) => env.CONFIG.put(key, value),
    }
    const processor = isolate({ config })
    await Promise.all(Array.from({ length: 20 }, () => processor.sign()))
    expect(reads).toBe(4)
    processor.wait(SIGNATURE_LISTS_MAX_AGE_MS - 1)
    await processor.sign()
    expect(reads).toBe(4)
    processor.wait(1)
    await processor.sign()
    expect(reads).toBe(8)
  })

  it.each<[string, () => Promise<unknown>, LogFields]>([
    [
      'a pattern that does not compile',
      () => put({ prefix: 'two\n\nwr(ong' }),
      { file: LIST_FILES.prefix, line: 3, reason: 'bad_pattern' },
    ],
    [
      'a missing file',
      () => env.CONFIG.delete(`signature/${LIST_FILES.sentinels}`),
      { file: LIST_FILES.sentinels, reason: 'missing' },
    ],
    [
      'a file beyond the limit',
      () => put({ irrelevant: `#${'x'.repeat(MAX_SIGNATURE_LIST_BYTES)}` }),
      { file: LIST_FILES.irrelevant, reason: 'too_large' },
    ],
  ])('stay the previous ones after %s, which the log names', async (_, breakThem, fields) => {
    await put({ prefix: 'one' })
    const processor = isolate()
    expect(await processor.sign()).toBe('one | two')
    await breakThem()
    processor.minuteLater()
    expect(await processor.sign()).toBe('one | two')
    expect(processor.logged).toEqual([{ outcome: 'signature_lists_unusable', fields }])
    // An isolate that starts now has no previous lists of its own.
    expect(await isolate().sign()).toBe('one | two')
    expect(await isolate({ keepsLastGood: false }).sign()).toBe('one | two')
    await put({ prefix: 'one\ntwo' })
    processor.minuteLater()
    expect(await processor.sign()).toBe('one | two | three')
  })

  it('stay the previous ones while R2 does not answer, and a new isolate signs nothing with the wrong lists', async () => {
    await put({ prefix: 'one' })
    let isDown = false
    const config: ListSourceDeps['config'] = {
      get: (key) => (isDown ? Promise.reject(new Error('R2 is down')) : env.CONFIG.get(key)),
      put: (key, value) => env.CONFIG.put(key, value),
    }
    const processor = isolate({ config })
    expect(await processor.sign()).toBe('one | two')
    isDown = true
    processor.minuteLater()
    expect(await processor.sign()).toBe('one | two')
    expect(processor.logged.at(-1)?.outcome).toBe('signature_lists_unavailable')
    await expect(isolate({ config }).sign()).rejects.toThrow('R2 is down')
  })
})
