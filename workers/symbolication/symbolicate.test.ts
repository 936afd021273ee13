import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  MAX_SYMBOL_NAME_CHARS,
  MAX_SYMBOLICATION_ANSWER_CHARS,
  MAX_SYMBOLICATION_BODY_BYTES,
  MAX_SYMBOLICATION_FRAMES,
  MAX_SYMBOLICATION_MODULES,
  MAX_SYMBOLICATION_STACKS,
  MAX_SYMBOLICATION_SYMBOL_CHARS,
  MAX_SYMBOLICATION_VALUES,
  SYMBOL_LOOKUP_ADDRESSES,
  SYMBOL_LOOKUP_CONCURRENCY,
  SYMBOL_LOOKUP_MODULES,
  SYMBOLICATION_LEASE_MS,
} from '#shared/limits.ts'
import type { LookupOutcome } from '#shared/symbols/symbols-rpc.ts'
import { MemoryBudget } from './memory-budget.ts'
import { accessBySymbolsWorker } from './symbol-access.ts'
import { symbolicationRig } from './testing/symbolication-rig.ts'

const ID = 'ABCDEF0123456789ABCDEF01234567890'
const SYM = `MODULE Linux x86_64 ${ID} a.so\nFILE 0 a.cc\nFUNC 1000 1000000 0 big\n1000 1000000 7 0\n`
const frames = (count: number, start = 0x1000) => Array.from({ length: count }, (_, at) => [0, start + at])
const job = (stack: unknown[], module: readonly string[] = ['a.so', ID]) => ({ stacks: [stack], memoryMap: [module] })
const v5 = '/symbolicate/v5'

let rig: ReturnType<typeof symbolicationRig>
beforeEach(() => {
  rig = symbolicationRig()
  rig.symbols.add(SYM)
})

describe('lookups', () => {
  it('ask for each address once, over all jobs, whatever the case of the id', async () => {
    const jobs = [
      job([
        [0, 0x1000],
        [0, 0x1001],
        [0, 0x1000],
      ]),
      job(
        [
          [0, 0x1001],
          [0, -1],
        ],
        ['a.so', ID.toLowerCase()],
      ),
    ]
    const { body } = await rig.post(v5, { jobs })
    expect(rig.symbols.calls).toEqual([[{ debug_file: 'a.so', debug_id: ID, addresses: [0x1000n, 0x1001n] }]])
    expect(body.results[1].stacks[0].map(({ function: name }: { function: string }) => name)).toEqual([
      'big',
      undefined,
    ])
  })

  it('are divided into calls, addresses in ascending order, and answers land where they belong', async () => {
    const count = 2 * SYMBOL_LOOKUP_ADDRESSES + 5
    const { body } = await rig.post(v5, job(frames(count).reverse()))
    expect(rig.symbols.calls.map(([request]) => request?.addresses.length)).toEqual([1_000, 1_000, 5])
    expect(rig.symbols.calls[0]?.[0]?.addresses[0]).toBe(0x1000n)
    const [stack] = body.results[0].stacks
    expect(stack).toHaveLength(count)
    for (const { module_offset, function_offset } of stack) {
      expect(Number(function_offset)).toBe(Number(module_offset) - 0x1000)
    }
  })

  it('put some modules into one call', async () => {
    const memoryMap = Array.from({ length: 2 * SYMBOL_LOOKUP_MODULES + 1 }, (_, at) => [`m${at}.so`, ID])
    await rig.post(v5, { stacks: [memoryMap.map((_, at) => [at, 1])], memoryMap })
    expect(rig.symbols.calls.map((call) => call.length)).toEqual([8, 8, 1])
  })

  it('ask again for what an answer had no room for', async () => {
    rig.symbols.maxSymbols = 3
    const { body } = await rig.post(v5, job(frames(8)))
    expect(rig.symbols.calls.map(([request]) => request?.addresses.length)).toEqual([8, 5, 2])
    expect(body.results[0].stacks[0].every((frame: object) => 'function' in frame)).toBe(true)
    expect(body.results[0]).not.toHaveProperty('module_errors')
  })

  it('ask again, alone, for the module that a call had no room for', async () => {
    rig.symbols.add(SYM.replace('a.so', 'b.so'))
    rig.symbols.maxSymbols = 2
    const stacks = [
      [
        [0, 0x1000],
        [0, 0x1001],
        [0, 0x1002],
        [1, 0x1000],
        [1, 0x1001],
      ],
    ]
    const { body } = await rig.post(v5, {
      stacks,
      memoryMap: [
        ['a.so', ID],
        ['b.so', ID],
      ],
    })
    expect(rig.symbols.calls.map((call) => call.map(({ debug_file }) => debug_file))).toEqual([
      ['a.so', 'b.so'],
      ['a.so'],
      ['b.so'],
    ])
    expect(body.results[0].stacks[0].every((frame: object) => 'function' in frame)).toBe(true)
  })

  it('end where an answer makes no progress', async () => {
    rig.symbols.maxSymbols = 0
    const { body } = await rig.post(v5, job(frames(8)))
    expect(rig.symbols.calls).toHaveLength(1)
    expect(body.results[0].module_errors[`a.so/${ID}`][0].name).toBe('too_large')
  })

  it(`run ${SYMBOL_LOOKUP_CONCURRENCY} at a time`, async () => {
    let open = 0
    let most = 0
    const memoryMap = Array.from({ length: 10 * SYMBOL_LOOKUP_MODULES }, (_, at) => [`m${at}.so`, ID])
    for (const [name = ''] of memoryMap) {
      rig.symbols.answer(name, ID, async () => {
        most = Math.max(most, ++open / SYMBOL_LOOKUP_MODULES)
        await new Promise((resolve) => setTimeout(resolve, 1))
        open--
        return { kind: 'missing' }
      })
    }
    await rig.post(v5, { stacks: [memoryMap.map((_, at) => [at, 1])], memoryMap })
    expect(most).toBe(SYMBOL_LOOKUP_CONCURRENCY)
  })
})

describe('what a frame shows', () => {
  const module = { os: 'Linux', arch: 'x86_64', debug_id: ID, debug_file: 'x.so', code_id: null, code_file: null }
  const cost = { time_ms: 0, range_reads: 0, read_bytes: 0, cached_blocks: 0 }
  it.each([
    [null, 5, {}],
    ['', 5, {}],
    ['x.cc', null, { file: 'x.cc' }],
    ['x.cc', 0, { file: 'x.cc' }],
    ['x.cc', 5, { file: 'x.cc', line: 5 }],
  ])('file %j and line %j as the peer does, also of an inlined call', async (file, line, shown) => {
    const symbol = { kind: 'function', name: 'f', address: 1n, size: 9n, file, line } as const
    const inlines = [{ function: 'i', file, line }]
    rig.symbols.answer('x.so', ID, { kind: 'found', module, symbols: [{ ...symbol, inlines }], cost })
    const { body } = await rig.post(v5, job([[0, 3]], ['x.so', ID]))
    expect(body.results[0].stacks[0]).toEqual([
      {
        ...{
          frame: 0,
          module: 'x.so',
          module_offset: '0x3',
          function: 'f',
          function_offset: '0x2',
          function_size: '0x9',
        },
        ...shown,
        inlines: [{ function: 'i', ...shown }],
      },
    ])
  })

  it('a module counts as asked only in the job whose frames name it', async () => {
    const unused = { stacks: [[]], memoryMap: [['a.so', ID]] }
    const { body } = await rig.post(v5, { jobs: [job([[0, 0x1000]]), unused] })
    expect(body.results.map(({ found_modules }: { found_modules: object }) => found_modules)).toEqual([
      { [`a.so/${ID}`]: true },
      { [`a.so/${ID}`]: null },
    ])
  })
})

describe('modules without an answer', () => {
  const gone: (readonly [string, LookupOutcome, RegExp])[] = [
    ['missing', { kind: 'missing' }, /no symbols/],
    ['indexing', { kind: 'indexing', retry_after_seconds: 7 }, /pending.*7 s/],
    ['corrupt', { kind: 'corrupt', line: 12, reason: 'bad FUNC' }, /line 12: bad FUNC/],
  ]
  it.each(gone)('%s: found_modules false, and module_errors say why', async (name, outcome, message) => {
    rig.symbols.answer('b.so', ID, outcome)
    const { body } = await rig.post(v5, job([[0, 1]], ['b.so', ID]))
    expect(body.results[0].found_modules).toEqual({ [`b.so/${ID}`]: false })
    expect(body.results[0].module_errors).toEqual({
      [`b.so/${ID}`]: [{ name, message: expect.stringMatching(message) }],
    })
  })

  it('one that is late: the others are answered', async () => {
    const late = symbolicationRig({ lookupDeadlineMs: 50 })
    late.symbols.add(SYM)
    late.symbols.answer('slow.so', ID, () => new Promise(() => undefined))
    const many = Array.from({ length: SYMBOL_LOOKUP_ADDRESSES }, (_, at) => [1, at])
    const { status, body } = await late.post(v5, {
      stacks: [[[0, 0x1000], ...many]],
      memoryMap: [
        ['a.so', ID],
        ['slow.so', ID],
      ],
    })
    expect(status).toBe(200)
    expect(body.results[0].stacks[0][0].function).toBe('big')
    expect(body.results[0].found_modules).toEqual({ [`a.so/${ID}`]: true, [`slow.so/${ID}`]: false })
    expect(body.results[0].module_errors[`slow.so/${ID}`][0].name).toBe('late')
    expect(late.logged).toContainEqual(expect.objectContaining({ outcome: 'lookup_late' }))
  })

  it('a store that fails for all of them is 503, not modules without symbols', async () => {
    rig.symbols.answer('a.so', ID, () => Promise.reject(new Error('R2 is down')))
    const { status, headers, body } = await rig.post(v5, job([[0, 1]]))
    expect([status, headers.get('Retry-After')]).toEqual([503, '1'])
    expect(body.title).toMatch(/not available/)
    expect(rig.budget.heldBytes).toBe(0)
  })
})

describe('bodies', () => {
  const text = JSON.stringify(job([[0, 0x1000]]))

  it('may be gzip', async () => {
    const init = { method: 'POST', body: gzipSync(text), headers: { 'Content-Encoding': 'gzip' } }
    const response = await rig.fetch(v5, init)
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('"function":"big"')])
  })

  it.each([
    ['gzip', text, 400, /not gzip/],
    ['br', text, 400, /neither gzip nor identity/],
  ])('Content-Encoding %s over something else is refused', async (encoding, body, status, title) => {
    const answer = await rig.post(v5, body, { 'Content-Encoding': encoding })
    expect([answer.status, answer.body.title]).toEqual([status, expect.stringMatching(title)])
  })

  it('a bomb ends at the limit', async () => {
    const bomb = gzipSync(new Uint8Array(MAX_SYMBOLICATION_BODY_BYTES + 1).fill(0x20))
    const response = await rig.fetch(v5, { method: 'POST', body: bomb, headers: { 'Content-Encoding': 'gzip' } })
    expect(response.status).toBe(413)
    expect(rig.budget.heldBytes).toBe(0)
  })

  it('have a limit of bytes: one below, at it, one above', async () => {
    const padded = (bytes: number) => text.padEnd(bytes)
    for (const bytes of [MAX_SYMBOLICATION_BODY_BYTES - 1, MAX_SYMBOLICATION_BODY_BYTES]) {
      expect((await rig.post(v5, padded(bytes))).status).toBe(200)
    }
    const { status, body } = await rig.post(v5, padded(MAX_SYMBOLICATION_BODY_BYTES + 1))
    expect([status, body.title]).toEqual([413, expect.stringContaining('send it in parts')])
    expect(rig.budget.heldBytes).toBe(0)
  })

  it('that stop coming are given up', async () => {
    const patient = symbolicationRig({ bodyIdleMs: 20 })
    const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{')) })
    const response = await patient.fetch(v5, { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect([response.status, await response.json()]).toEqual([408, { title: expect.stringContaining('no bytes came') }])
    expect(patient.budget.heldBytes).toBe(0)
  })

  it('that are not UTF-8 are no JSON', async () => {
    const response = await rig.fetch(v5, { method: 'POST', body: new Uint8Array([0x7b, 0xff, 0x7d]) })
    expect([response.status, await response.json()]).toEqual([400, { title: 'Payload is not valid JSON' }])
  })
})

describe('limits: one below, at it, one above', () => {
  const limit = (what: string, max: number) => `please limit number of ${what} in a single request to <= ${max}`
  const cases: (readonly [string, number, (count: number) => unknown])[] = [
    ['frames', MAX_SYMBOLICATION_FRAMES, (count) => job(Array.from({ length: count }, () => [0, 1]))],
    [
      'stacks',
      MAX_SYMBOLICATION_STACKS,
      (count) => ({ stacks: Array.from({ length: count }, () => []), memoryMap: [] }),
    ],
    [
      'modules',
      MAX_SYMBOLICATION_MODULES,
      (count) => ({ stacks: [[]], memoryMap: Array.from({ length: count }, () => ['', '']) }),
    ],
  ]
  it.each(cases)('%s', async (what, max, body) => {
    expect((await rig.post(v5, body(max - 1))).status).toBe(200)
    expect((await rig.post(v5, body(max))).status).toBe(200)
    const { status, body: answer } = await rig.post(v5, body(max + 1))
    expect([status, answer.title]).toEqual([400, expect.stringContaining(limit(what, max))])
  })

  it('they count all jobs together', async () => {
    const half = { stacks: Array.from({ length: MAX_SYMBOLICATION_STACKS / 2 + 1 }, () => []), memoryMap: [] }
    const { status, body } = await rig.post(v5, { jobs: [half, half] })
    expect([status, body.title]).toEqual([
      400,
      expect.stringMatching(/^job 1 has invalid stacks: please limit number of stacks/),
    ])
  })

  it('JSON values, also those of unknown keys', async () => {
    const body = (values: number) =>
      `{"stacks":[[]],"memoryMap":[],"more":[${Array.from({ length: values - 6 }, () => '0').join(',')}]}`
    expect((await rig.post(v5, body(MAX_SYMBOLICATION_VALUES - 2))).status).toBe(200)
    const { status, body: answer } = await rig.post(v5, body(MAX_SYMBOLICATION_VALUES + 2))
    expect([status, answer.title]).toEqual([400, limit('JSON values', MAX_SYMBOLICATION_VALUES)])
  })

  it('names of modules', async () => {
    const name = (chars: number) => job([[0, 1]], ['a'.repeat(chars), ID])
    expect((await rig.post(v5, name(MAX_SYMBOL_NAME_CHARS))).status).toBe(200)
    expect((await rig.post(v5, name(MAX_SYMBOL_NAME_CHARS + 1))).status).toBe(400)
  })

  it('an answer that would be too large is 400, before its first byte', async () => {
    rig.symbols.add(`MODULE Linux x86_64 ${ID} long.so\nFUNC 1000 10 0 ${'x'.repeat(4_000)}\n`)
    const count = Math.ceil(MAX_SYMBOLICATION_ANSWER_CHARS / 4_000)
    const same = Array.from({ length: count }, () => [0, 0x1000])
    const { status, body } = await rig.post(v5, job(same, ['long.so', ID]))
    expect([status, body.title]).toEqual([400, expect.stringContaining('ask for fewer frames')])
    expect(rig.budget.heldBytes).toBe(0)
  })

  it('names above the budget of a request are left out, and said', async () => {
    const count = 100
    const chars = Math.ceil((2 * MAX_SYMBOLICATION_SYMBOL_CHARS) / count)
    rig.symbols.add(`MODULE Linux x86_64 ${ID} long.so\nFUNC 1000 1000 0 ${'x'.repeat(chars)}\n`)
    const { status, body } = await rig.post(v5, job(frames(count), ['long.so', ID]))
    expect(status).toBe(200)
    const named = body.results[0].stacks[0].filter((frame: object) => 'function' in frame)
    expect(named.length).toBeGreaterThan(40)
    expect(named.length).toBeLessThan(50)
    expect(body.results[0].module_errors[`long.so/${ID}`][0].name).toBe('too_large')
  })
})

describe('what an isolate holds', () => {
  it('is given back when the answer was read, and when the client went away', async () => {
    const response = await rig.fetch(v5, { method: 'POST', body: JSON.stringify(job(frames(5_000))) })
    expect(rig.budget.heldBytes).toBeGreaterThan(5_000)
    await response.text()
    expect(rig.budget.heldBytes).toBe(0)
    const cancelled = await rig.fetch(v5, { method: 'POST', body: JSON.stringify(job(frames(5_000))) })
    const reader = cancelled.body?.getReader()
    await reader?.read()
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(rig.budget.heldBytes).toBeGreaterThan(5_000)
    await reader?.cancel()
    expect(rig.budget.heldBytes).toBe(0)
  })

  it('comes free in the end, also of a request that ended without a word', async () => {
    let nowMs = 0
    const rig = symbolicationRig({ budget: new MemoryBudget(700_000, () => nowMs) })
    rig.symbols.add(SYM)
    const ask = async () => rig.fetch(v5, { method: 'POST', body: JSON.stringify(job(frames(3_000))) })
    const abandoned = await ask()
    expect(abandoned.status).toBe(200)
    expect((await ask()).status).toBe(503)
    nowMs = SYMBOLICATION_LEASE_MS + 1
    expect((await ask()).status).toBe(200)
    await abandoned.text()
  })

  it('bounds what it takes at once: 503 with Retry-After', async () => {
    const small = symbolicationRig({ budget: new MemoryBudget(1_000, () => 0) })
    const { status, headers } = await small.post(v5, job(frames(200)))
    expect([status, headers.get('Retry-After')]).toEqual([503, '1'])
  })
})

describe('private symbols', () => {
  const answering = (status: number) => {
    const heard: (string | null)[] = []
    const worker = {
      fetch: async (_: RequestInfo | URL, init?: RequestInit) => {
        heard.push(new Headers(init?.headers).get('Auth-Token'))
        return new Response(null, { status })
      },
    }
    return {
      heard,
      rig: symbolicationRig({ access: accessBySymbolsWorker(worker as Pick<Fetcher, 'fetch'>, () => undefined) }),
    }
  }

  it.each([
    [404, 400, /no stacks specified/],
    [403, 403, /Auth-Token/],
    [500, 503, /not available/],
  ])('where the symbols Worker answers %i, a client gets %i', async (theirs, ours, title) => {
    const { heard, rig: asked } = answering(theirs)
    for (const path of [v5, '/symbolicate/v4']) {
      const { status, body } = await asked.post(path, {}, { 'Auth-Token': 'abc' })
      expect([status, body.title]).toEqual([ours, expect.stringMatching(title)])
    }
    expect(heard).toEqual(['abc', 'abc'])
    expect(asked.symbols.calls).toEqual([])
  })
})
