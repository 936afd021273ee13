import { applyD1Migrations, createExecutionContext, SELF } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { createToken } from '#shared/auth/token.ts'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import {
  MAX_PARTIAL_ADDRESSES,
  MAX_PARTIAL_BODY_BYTES,
  MAX_PARTIAL_BYTES,
  MAX_PARTIAL_BYTES_AN_ADDRESS,
  MAX_PARTIAL_BYTES_IN_FLIGHT,
  MAX_PARTIAL_GET_ADDRESSES,
  MAX_PARTIAL_MODULES,
} from '#shared/limits.ts'
import { countedBucket } from '#shared/symbols/counted-bucket.ts'
import type { PartialOutcome } from '#shared/symbols/symbols-rpc.ts'
import { SymbolReads, Symbols } from './index.ts'
import { PartialRoom } from './partial-room.ts'
import { answerInternalRead, answerRead } from './reads.ts'
import { indexFile, indexReadsRig, readsRig, storeFile } from './testing/stored-files.ts'
import { addressIn, SYM_ID, symKey, symText } from './testing/sym-texts.ts'
import { db } from './testing/upload-client.ts'

const rig = readsRig()
const hex = (address: bigint) => address.toString(16)
const partialPath = (file: string, ...addresses: readonly (bigint | string)[]) =>
  `/symbols/partial/${encodeURIComponent(file)}/${SYM_ID}?${addresses
    .map((address) => `address=${typeof address === 'string' ? address : hex(address)}`)
    .join('&')}`

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  for (const file of ['a', 'b c']) {
    await storeFile(symKey(file), symText(file, 100, file === 'a' ? 'one' : 'two'))
    await indexFile(symKey(file))
  }
  await storeFile(symKey('t'), symText('t', 3, 'try'), { trySymbols: true })
  await indexFile(symKey('t'), true)
  await storeFile(symKey('bad'), `MODULE Linux x86_64 ${SYM_ID} bad\nFUNC what is this\n`)
  await indexFile(symKey('bad'))
  await storeFile(symKey('pending'), symText('pending', 3))
})

function post(body: unknown, query = '', headers: Readonly<Record<string, string>> = {}, deps = rig.deps) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const request = new Request(`http://symbols.test/symbols/partial${query}`, { method: 'POST', body: text, headers })
  return answerRead(request, deps)
}

const outcomesOf = async (response: Response) => (await response.json<{ modules: PartialOutcome[] }>()).modules
const asked = (file: string, ...addresses: readonly string[]) => ({ debug_file: file, debug_id: SYM_ID, addresses })

/** The ranges that a text says it covers. */
function covered(text: string): readonly (readonly [bigint, bigint])[] {
  return [...text.matchAll(/^INFO COVERS ([0-9a-f]+) ([0-9a-f]+)$/gm)].map(([, start = '', end = '']) => [
    BigInt(`0x${start}`),
    BigInt(`0x${end}`),
  ])
}

describe('GET /symbols/partial/<debug file>/<debug id>', () => {
  it('answers a sym file with the records around the addresses, and says what it covers', async () => {
    const response = await rig.get(partialPath('a', addressIn(3), '0x1124', hex(addressIn(50)).toUpperCase()))
    const text = await response.text()
    expect(response.status).toBe(200)
    const [module, ...lines] = text.trimEnd().split('\n')
    expect(module).toBe(`MODULE Linux x86_64 ${SYM_ID} a`)
    expect(lines.filter((line) => line.startsWith('FUNC ')).map((line) => line.split('_')[1])).toEqual(['1', '3', '50'])
    for (const address of [addressIn(3), 0x1124n, addressIn(50)]) {
      expect(covered(text).some(([start, end]) => start <= address && address < end)).toBe(true)
    }
    const ranges = covered(text).map(([start, end]) => `${hex(start)}-${hex(end)}`)
    expect(response.headers.get('Symbol-Ranges')).toBe(ranges.join(', '))
    expect(response.headers.get('Symbol-Unanswered')).toBeNull()
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'public, max-age=600, no-transform',
      'access-control-allow-origin': '*',
      'access-control-expose-headers': expect.stringContaining('Symbol-Ranges'),
      'x-content-type-options': 'nosniff',
      'content-length': String(new TextEncoder().encode(text).length),
      vary: 'Accept-Encoding',
    })
  })

  it('answers where nothing lies too: the MODULE line and the range in which nothing does', async () => {
    const response = await rig.get(partialPath('a', 0x10n))
    const text = await response.text()
    expect(text).not.toContain('FUNC')
    expect(covered(text).some(([start, end]) => start <= 0x10n && 0x10n < end && end <= 0x1000n)).toBe(true)
  })

  it('is 304 while the symbols are the same, in each coding, and asks for no block', async () => {
    const plain = await rig.get(partialPath('a', addressIn(3)))
    const etag = plain.headers.get('ETag') ?? ''
    await plain.text()
    const counted = countedBucket(env.SYMBOLS)
    const deps = { ...rig.deps, partial: { ...rig.deps.partial, bucket: counted.bucket } }
    const again = (headers: Record<string, string>) =>
      answerRead(new Request(`http://symbols.test${partialPath('a', addressIn(99))}`, { headers }), deps)
    const same = await again({ 'If-None-Match': `"other", W/${etag}` })
    expect([same.status, await same.text(), same.headers.get('ETag'), counted.operations.classB]).toEqual([
      304,
      '',
      etag,
      1,
    ])
    const zipped = await again({ 'If-None-Match': etag, 'Accept-Encoding': 'gzip' })
    expect([zipped.status, zipped.headers.get('ETag')]).toEqual([200, etag.replace(/"$/, '-gzip"')])
    await zipped.arrayBuffer()
    await storeFile(symKey('changing'), symText('changing', 3))
    await indexFile(symKey('changing'))
    const before = (await rig.get(partialPath('changing', addressIn(1)))).headers.get('ETag') ?? ''
    await storeFile(symKey('changing'), symText('changing', 3, 'two'))
    await indexFile(symKey('changing'))
    const after = await rig.get(partialPath('changing', addressIn(1)), { 'If-None-Match': before })
    expect([after.status, (await after.text()).includes('two_1')]).toEqual([200, true])
  })

  it('goes out as gzip to clients that take it', async () => {
    const response = await rig.get(partialPath('a', addressIn(3)), { 'Accept-Encoding': 'gzip, deflate' })
    expect(response.headers.get('Content-Encoding')).toBe('gzip')
    const inflated = await new Response(response.body?.pipeThrough(new DecompressionStream('gzip'))).text()
    expect(inflated).toBe(await (await rig.get(partialPath('a', addressIn(3)))).text())
  })

  it('HEAD is the same without a body', async () => {
    const response = await rig.get(partialPath('a', addressIn(3)), {}, 'HEAD')
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(response.headers.get('Symbol-Ranges')).not.toBeNull()
    expect(Number(response.headers.get('Content-Length'))).toBeGreaterThan(100)
  })

  it('finds modules in any case of their id, names with spaces, and try symbols only where asked', async () => {
    const lower = await rig.get(`/symbols/partial/b%20c/${SYM_ID.toLowerCase()}/?address=1024`)
    expect(await lower.text()).toContain('two_0')
    const tried = async (path: string) => (await rig.get(path)).status
    expect(await tried(partialPath('t', 0x1000n))).toBe(404)
    expect(await tried(`${partialPath('t', 0x1000n)}&try`)).toBe(200)
    expect(await tried(`/try${partialPath('t', 0x1000n)}`)).toBe(200)
    expect(await tried(`/try${partialPath('a', 0x1000n)}`)).toBe(200)
  })

  it.each([
    ['an unknown module', partialPath('other', 1n), 404, { error: 'Symbol Not Found', reason: 'missing' }],
    ['no address', `/symbols/partial/a/${SYM_ID}`, 400, { reason: 'no_address' }],
    ['an empty address', partialPath('a', ''), 400, { reason: 'bad_address' }],
    ['no hex', partialPath('a', 'xyz'), 400, { reason: 'bad_address' }],
    ['a good one and a sign', partialPath('a', '1000', '-1'), 400, { reason: 'bad_address' }],
    ['17 digits', partialPath('a', '10000000000000000'), 400, { reason: 'bad_address' }],
    [
      'too many addresses',
      partialPath('a', ...Array.from({ length: MAX_PARTIAL_GET_ADDRESSES + 1 }, (_, at) => BigInt(at))),
      400,
      { reason: 'too_many_addresses' },
    ],
    ['a corrupt file', partialPath('bad', 1n), 422, { reason: 'corrupt', line: 2 }],
    ['an id that is none', '/symbols/partial/a/xyz?address=1', 404, { error: 'Not Found' }],
    ['a name in two segments', `/symbols/partial/a/b/${SYM_ID}?address=1`, 404, { error: 'Not Found' }],
    ['a path trick', `/symbols/partial/..%2Fa/${SYM_ID}?address=1`, 404, { reason: 'missing' }],
    ['half an escape', `/symbols/partial/%/${SYM_ID}?address=1`, 404, { error: 'Not Found' }],
  ])('%s is named', async (_what, path, status, body) => {
    const response = await rig.get(path)
    expect([response.status, await response.json()]).toEqual([status, expect.objectContaining(body)])
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
  })

  it('takes as many addresses as it says', async () => {
    const most = Array.from({ length: MAX_PARTIAL_GET_ADDRESSES }, (_, at) => addressIn(at))
    const response = await rig.get(partialPath('a', ...most))
    expect([response.status, covered(await response.text()).length > 0]).toEqual([200, true])
    expect((response.headers.get('Symbol-Ranges') ?? '').length).toBeLessThan(4_096)
  })

  it('is 503 with Retry-After while the index is being built, and the indexer was asked for it', async () => {
    const { deps, sent } = indexReadsRig(() => undefined)
    const request = new Request(`http://symbols.test${partialPath('pending', 0x1000n)}`)
    const response = await answerRead(request, { ...rig.deps, partial: deps })
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '5'])
    expect(await response.json()).toMatchObject({ reason: 'indexing' })
    expect(sent).toEqual([`v1/${symKey('pending')}`])
  })

  it('a module that is not there counts as missed, one with a name that no file has does not', async () => {
    const { get, missed } = readsRig()
    await get(partialPath('<unknown>', 1n))
    expect(missed).toEqual([])
    await get(partialPath('missed', 1n))
    expect(missed).toEqual([symKey('missed')])
  })

  it('other methods are 405, and a page may ask before it posts', async () => {
    const del = await rig.get(partialPath('a', 1n), {}, 'DELETE')
    expect([del.status, del.headers.get('Allow')]).toEqual([405, 'GET, HEAD'])
    const get = await rig.get('/symbols/partial')
    expect([get.status, get.headers.get('Allow')]).toEqual([405, 'POST'])
    const preflight = await rig.get('/symbols/partial', { Origin: 'https://profiler.test' }, 'OPTIONS')
    expect([preflight.status, preflight.headers.get('Access-Control-Allow-Methods')]).toEqual([204, 'GET, HEAD, POST'])
    expect(preflight.headers.get('Access-Control-Allow-Headers')).toContain('content-type')
  })
})

describe('POST /symbols/partial', () => {
  it('answers each module in order, each in its own way', async () => {
    const modules = [
      asked('b c', '1024'),
      asked('other', '1'),
      asked('a', hex(addressIn(9)), '10'),
      asked('bad', '1'),
      asked('pending', '1'),
      asked('', '1'),
      asked('a'),
    ]
    const response = await post({ modules, more: 'is let be' })
    expect([response.status, response.headers.get('Cache-Control')]).toEqual([200, 'no-store'])
    const outcomes = await outcomesOf(response)
    expect(outcomes.map(({ kind }) => kind)).toEqual([
      ...['found', 'missing', 'found', 'corrupt', 'indexing', 'missing', 'found'],
    ])
    const [first, , third, fourth, fifth, , last] = outcomes
    expect(first).toMatchObject({ sym: expect.stringContaining('two_0'), unanswered: [] })
    if (third?.kind !== 'found') throw new Error('not found')
    expect(third.sym).toContain('one_9')
    expect(third.ranges).toEqual(covered(third.sym).map(([start, end]) => [hex(start), hex(end)]))
    expect(third.etag).toMatch(/^[0-9a-f]+-\d+\.\d+$/)
    expect(fourth).toMatchObject({ kind: 'corrupt', line: 2 })
    expect(fifth).toMatchObject({ kind: 'indexing', retry_after_seconds: 5 })
    expect(last).toMatchObject({ sym: expect.stringContaining('MODULE'), ranges: [], unanswered: [] })
    expect(await outcomesOf(await post({ modules: [] }))).toEqual([])
  })

  it('goes out as gzip, and takes ?try and /try', async () => {
    const response = await post({ modules: [asked('a', '1024')] }, '', { 'Accept-Encoding': 'gzip' })
    expect(response.headers.get('Content-Encoding')).toBe('gzip')
    const inflated = await new Response(response.body?.pipeThrough(new DecompressionStream('gzip'))).json<{
      modules: PartialOutcome[]
    }>()
    expect(inflated.modules[0]?.kind).toBe('found')
    const tried = { modules: [asked('t', '1000')] }
    const kinds = async (query: string) => (await outcomesOf(await post(tried, query)))[0]?.kind
    expect([await kinds(''), await kinds('?try')]).toEqual(['missing', 'found'])
    const request = new Request('http://symbols.test/try/symbols/partial/', {
      method: 'POST',
      body: JSON.stringify(tried),
    })
    expect((await outcomesOf(await answerRead(request, rig.deps)))[0]?.kind).toBe('found')
  })

  it.each([
    ['no JSON', '{"modules":', 'malformed_json', 400],
    ['a list', '[]', 'malformed_json', 400],
    ['null', 'null', 'malformed_json', 400],
    ['no modules', '{}', 'malformed_json', 400],
    ['an address that is a number', { modules: [{ ...asked('a'), addresses: [1] }] }, 'malformed_json', 400],
    ['a module without an id', { modules: [{ debug_file: 'a', addresses: [] }] }, 'malformed_json', 400],
    ['no hex', { modules: [asked('a'), asked('a', '1', 'g')] }, 'bad_address', 400],
    ['deep nesting', `${'['.repeat(100_000)}`, 'malformed_json', 400],
    [
      'too many modules',
      { modules: Array.from({ length: MAX_PARTIAL_MODULES + 1 }, () => asked('x')) },
      'too_many_modules',
      400,
    ],
    [
      'too many addresses',
      { modules: [asked('x', ...Array.from({ length: MAX_PARTIAL_ADDRESSES }, () => '1')), asked('y', '1')] },
      'too_many_addresses',
      400,
    ],
    ['too large a body', ' '.repeat(MAX_PARTIAL_BODY_BYTES + 1), 'body_too_large', 413],
  ])('%s is named', async (_what, body, reason, status) => {
    const response = await post(body)
    expect([response.status, await response.json()]).toEqual([status, expect.objectContaining({ reason })])
  })

  it('names the place of what is wrong', async () => {
    const wrong = await post({ modules: [asked('a'), asked('a', '1', 'g')] })
    expect(await wrong.json()).toMatchObject({ error: expect.stringContaining('modules.1.addresses.1 ') })
    const missing = await post({ modules: [asked('a'), { debug_file: 'a' }] })
    expect(await missing.json()).toMatchObject({ error: expect.stringContaining('look at modules.1.debug_id') })
  })

  it('takes a body of the very size', async () => {
    const body = JSON.stringify({ modules: [asked('a', '1024')] }).padEnd(MAX_PARTIAL_BODY_BYTES)
    expect((await post(body)).status).toBe(200)
  })
})

describe('what a partial answer holds', () => {
  const wide = 'wide'
  const name = (at: number) => `f${at}_${'x'.repeat(60_000)}`
  beforeAll(async () => {
    const functions = Array.from({ length: 300 }, (_, at) => `FUNC ${hex(BigInt(at + 1) * 0x100n)} 100 0 ${name(at)}`)
    await storeFile(symKey(wide), `MODULE Linux x86_64 ${SYM_ID} ${wide}\n${functions.join('\n')}\n`)
    await indexFile(symKey(wide))
  })
  const addresses = Array.from({ length: 300 }, (_, at) => hex(BigInt(at + 1) * 0x100n))

  it('is bounded, and the rest is unanswered until it is asked for again', async () => {
    let left: readonly string[] = addresses
    let answers = 0
    const seen = new Set<string>()
    while (left.length > 0 && answers < 10) {
      const [outcome] = await outcomesOf(await post({ modules: [asked(wide, ...left)] }))
      if (outcome?.kind !== 'found') throw new Error(outcome?.kind)
      expect(outcome.sym.length).toBeLessThanOrEqual(MAX_PARTIAL_BYTES)
      expect(outcome.unanswered.length).toBeLessThan(left.length)
      for (const [, at = ''] of outcome.sym.matchAll(/^FUNC [0-9a-f]+ 100 0 (f\d+)_/gm)) seen.add(at)
      left = outcome.unanswered
      answers++
    }
    expect([seen.size, left]).toEqual([300, []])
    expect(answers).toBeGreaterThan(1)
  })

  it('is bounded over all modules, and each request gets on', async () => {
    const modules = Array.from({ length: 12 }, (_, at) => asked(wide, ...addresses.slice(at * 25, at * 25 + 25)))
    const outcomes = await outcomesOf(await post({ modules }))
    const texts = outcomes.map((outcome) => (outcome.kind === 'found' ? outcome.sym.length : 0))
    expect(texts.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(MAX_PARTIAL_BYTES)
    const unanswered = outcomes.flatMap((outcome) => (outcome.kind === 'found' ? outcome.unanswered : ['?']))
    expect(unanswered.length).toBeGreaterThan(0)
    expect(unanswered.length).toBeLessThan(addresses.length)
  })

  it('of a GET has room for what each address may have', async () => {
    const response = await rig.get(partialPath(wide, ...addresses.slice(0, 10)))
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text.length).toBeLessThanOrEqual(10 * MAX_PARTIAL_BYTES_AN_ADDRESS)
    expect(response.headers.get('Symbol-Unanswered')).toBeNull()
  })

  it('of too many requests at once finds no room, and room again when they are read, or after a minute', async () => {
    let nowMs = 0
    const room = new PartialRoom(() => nowMs)
    const { deps: partial } = indexReadsRig(() => undefined, { room })
    const deps = { ...rig.deps, partial }
    const body = { modules: [asked(wide, ...addresses)] }
    const open: Response[] = []
    for (let n = 0; n < 20; n++) {
      const response = await post(body, '', {}, deps)
      if (response.status === 503) {
        expect([await response.json(), response.headers.get('Retry-After')]).toMatchObject([{ reason: 'no_room' }, '1'])
        break
      }
      open.push(response)
    }
    expect(open.length).toBeGreaterThanOrEqual(4)
    expect(open.length).toBeLessThan(20)
    expect(room.freeBytes).toBeLessThan(MAX_PARTIAL_BYTES_AN_ADDRESS)
    await open.pop()?.text()
    const next = await post(body, '', {}, deps)
    expect(next.status).toBe(200)
    open.push(next)
    await open.pop()?.body?.cancel()
    nowMs = 60_001
    expect(room.freeBytes).toBe(MAX_PARTIAL_BYTES_IN_FLIGHT)
    expect((await post(body, '', {}, deps)).status).toBe(200)
    for (const response of open) await response.body?.cancel()
  })
})

describe('who may read', () => {
  it('with private access: a token, in the path or as a header; the stackwalker needs none', async () => {
    const created = await createToken('me@example.com', ['download_symbols'], systemClock, systemRandomBytes)
    if (created.kind !== 'created') throw new Error(created.kind)
    await tokenRepository(db).add(created.stored)
    const { deps } = indexReadsRig(() => undefined, { isPrivate: true })
    const closed = readsRig({ isPrivate: true, partial: deps })
    const path = partialPath('a', 0x1024n)
    expect((await closed.get(path)).status).toBe(403)
    expect((await post({ modules: [] }, '', {}, closed.deps)).status).toBe(403)
    expect((await closed.get(path, {}, 'OPTIONS')).status).toBe(204)
    const granted = await closed.get(`/k/${created.token}${path}`)
    expect([granted.status, granted.headers.get('Cache-Control')]).toEqual([200, 'private, max-age=600, no-transform'])
    const headers = { 'Auth-Token': created.token }
    expect((await post({ modules: [asked('a', '1024')] }, '', headers, closed.deps)).status).toBe(200)
    const internal = await answerInternalRead(new Request(`http://symbols.internal${path}`), closed.deps)
    expect([internal.status, (await internal.text()).includes('one_0')]).toEqual([200, true])
  })
})

describe('the whole Worker', () => {
  it('answers both routes, gzip bytes and all', async () => {
    const get = await SELF.fetch(`http://symbols.test${partialPath('a', 0x1024n)}`)
    expect([get.status, (await get.text()).includes('one_0')]).toEqual([200, true])
    const response = await SELF.fetch('http://symbols.test/symbols/partial', {
      method: 'POST',
      body: JSON.stringify({ modules: [asked('a', '1024')] }),
    })
    expect(await outcomesOf(response)).toMatchObject([{ kind: 'found', unanswered: [] }])
  })

  it('answers other Workers by RPC: lookups, partial files, and what has no index', async () => {
    const symbols = new Symbols(createExecutionContext(), env)
    const requests = [
      { debug_file: 'a', debug_id: SYM_ID, addresses: [addressIn(2), 1n] },
      { debug_file: 't', debug_id: SYM_ID, addresses: [0x1000n] },
    ]
    expect(await symbols.lookup(requests, false)).toMatchObject([
      { kind: 'found', module: { debug_file: 'a' }, symbols: [{ kind: 'function', line: 4 }, { kind: 'none' }] },
      { kind: 'missing' },
    ])
    const [, tried] = await symbols.partial(requests, true)
    expect(tried).toMatchObject({ kind: 'found', sym: expect.stringContaining('try_0') })
    expect(await symbols.unindexed(null)).toEqual({ object_keys: [`v1/${symKey('pending')}`], next: null })
    expect(await symbols.lookup([], false)).toEqual([])
    const reads = new SymbolReads(createExecutionContext(), env)
    const read = await reads.fetch(new Request(`http://symbols.internal${partialPath('a', 0x1024n)}`))
    expect([read.status, (await read.text()).includes('one_0')]).toEqual([200, true])
  })

  it('never serves or takes an index as a file', async () => {
    expect((await SELF.fetch(`http://symbols.test/a/${SYM_ID}/a.symindex`)).status).toBe(404)
    expect((await rig.get(`/a/${SYM_ID}/a.SYMINDEX`)).status).toBe(404)
  })
})
