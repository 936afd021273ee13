import { expect } from 'vitest'
import { refusalRows } from './refusal-rows.ts'
import { HELLOWORLD, HIGH, TESTPROJ, XUL } from './sym-texts.ts'

/**
 * The rows of specs/symbols.md section 6 for symbolication, C26–C36, and those of section 3. They know nothing but HTTP: they run through a fleet, at a
 * peer (symbolication.test.ts), and inside workerd (workers/symbolication/conformance.test.ts).
 */
export interface SymbolicationServer {
  /** `path` begins with `/`. */
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export interface Row {
  readonly id: string
  readonly name: string
  /** Why the peer fails this row; absent where it must pass. */
  readonly peerFails?: string
  run(server: SymbolicationServer): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // What an answer holds is what a row asserts.
  readonly body: ReturnType<typeof JSON.parse>
}

export async function post(
  server: SymbolicationServer,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await server.fetch(path, { method: 'POST', body: text, headers })
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) }
}

/** An answer without what we add to the peer's: `function_size`, `module_errors`. */
export function withoutAdditions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAdditions)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => key !== 'function_size' && key !== 'module_errors')
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutAdditions(inner)]))
}

async function v5(server: SymbolicationServer, body: unknown): Promise<Answer['body']> {
  const answer = await post(server, '/symbolicate/v5', body)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('Content-Type')).toMatch(/^application\/json/)
  return withoutAdditions(answer.body)
}

const key = ({ debugFile, debugId }: { debugFile: string; debugId: string }) => `${debugFile}/${debugId}`
const pair = ({ debugFile, debugId }: { debugFile: string; debugId: string }) => [debugFile, debugId]
const MISSING = 'C0FFEE00C0FFEE00C0FFEE00C0FFEE000'
const TWO_MODULES = {
  stacks: [
    [
      [0, 1000],
      [0, 1020],
    ],
  ],
  memoryMap: [
    ['gone.so', MISSING],
    ['unused.so', MISSING],
  ],
}
const empty = { results: [{ stacks: [[]], found_modules: {} }] }

export const rows: readonly Row[] = [
  ...refusalRows,
  {
    id: 'C29',
    name: 'names of every allowed form are accepted',
    async run(server) {
      const names = [
        '',
        '<unknown>',
        '{uuid}.xpi',
        'Font Awesome 5 Free-Solid-900.otf',
        'libstdc++.so.6',
        'lib~bpo12+rpt1.so',
      ]
      const memoryMap = names.map((name) => [name, 'ABCDEF0123456789abcdef'])
      const found = Object.fromEntries(names.map((name) => [`${name}/ABCDEF0123456789abcdef`, null]))
      expect(await v5(server, { stacks: [[]], memoryMap })).toEqual({
        results: [{ stacks: [[]], found_modules: found }],
      })
    },
  },
  {
    id: 'C31',
    name: 'a missing module is false, an unused one null; frames have only frame, module and offset',
    async run(server) {
      const stack = [
        { frame: 0, module: 'gone.so', module_offset: '0x3e8' },
        { frame: 1, module: 'gone.so', module_offset: '0x3fc' },
      ]
      const found_modules = { [`gone.so/${MISSING}`]: false, [`unused.so/${MISSING}`]: null }
      expect(await v5(server, TWO_MODULES)).toEqual({ results: [{ stacks: [stack], found_modules }] })
      expect(await v5(server, { jobs: [TWO_MODULES], version: 5, other: [{}] })).toEqual({
        results: [{ stacks: [stack], found_modules }],
      })
    },
  },
  {
    id: 'C32',
    name: 'an address in a function: name, offset, file and line',
    async run(server) {
      const frame = {
        frame: 0,
        module: 'testproj',
        module_offset: '0x5380',
        function: 'testproj::main',
        function_offset: '0x0',
        file: '/home/dev/testproj/src/main.rs',
        line: 1,
      }
      const job = { stacks: [[[0, 0x5380]]], memoryMap: [pair(TESTPROJ)] }
      expect(await v5(server, { jobs: [job] })).toEqual({
        results: [{ stacks: [[frame]], found_modules: { [key(TESTPROJ)]: true } }],
      })
    },
  },
  {
    id: 'C33',
    name: 'a frame’s module is the code file, found_modules keeps the debug file; a gap has no symbol',
    async run(server) {
      const job = {
        stacks: [
          [
            [0, 0x1000],
            [0, 0x500],
            [0, 0x1100],
          ],
        ],
        memoryMap: [pair(XUL)],
      }
      const file = 'hg:hg.example.org/mozilla:dom/a.cpp:1f2e'
      const name = 'Outer::run(nsTArray<int, 4>)'
      expect(await v5(server, job)).toEqual({
        results: [
          {
            stacks: [
              [
                {
                  frame: 0,
                  module: 'xul.dll',
                  module_offset: '0x1000',
                  function: name,
                  function_offset: '0x0',
                  file,
                  line: 10,
                },
                { frame: 1, module: 'xul.dll', module_offset: '0x500' },
                { frame: 2, module: 'xul.dll', module_offset: '0x1100' },
              ],
            ],
            found_modules: { [key(XUL)]: true },
          },
        ],
      })
    },
  },
  {
    id: 'inlines',
    name: 'innermost first; function, file and line are the outermost function with its call site',
    async run(server) {
      const answer = await v5(server, {
        stacks: [
          [
            [0, 0x101a],
            [0, 0x1012],
          ],
        ],
        memoryMap: [pair(XUL)],
      })
      const [a, b] = ['a.cpp', 'b.h'].map((name) => `hg:hg.example.org/mozilla:dom/${name}:1f2e`)
      const outer = { module: 'xul.dll', function: 'Outer::run(nsTArray<int, 4>)', file: a, line: 30 }
      expect(answer.results[0].stacks[0]).toEqual([
        {
          ...{ frame: 0, ...outer, module_offset: '0x101a', function_offset: '0x1a' },
          inlines: [
            { function: 'Inner::call()', file: b, line: 50 },
            { function: 'Middle::call()', file: b, line: 40 },
          ],
        },
        {
          ...{ frame: 1, ...outer, module_offset: '0x1012', function_offset: '0x12' },
          inlines: [{ function: 'Middle::call()', file: b, line: 20 }],
        },
      ])
    },
  },
  {
    id: 'lines',
    name: 'line 0 is no line; a PUBLIC has neither file nor line',
    async run(server) {
      const answer = await v5(server, {
        stacks: [
          [
            [0, 0x1040],
            [0, 0x2010],
          ],
        ],
        memoryMap: [pair(XUL)],
      })
      const [inFunction, inPublic] = answer.results[0].stacks[0]
      expect(inFunction).toMatchObject({ function_offset: '0x40', file: expect.any(String) })
      expect(inFunction).not.toHaveProperty('line')
      expect(inPublic).toEqual({
        ...{ frame: 1, module: 'xul.dll', module_offset: '0x2010' },
        ...{ function: 'exported', function_offset: '0x10' },
      })
    },
  },
  {
    id: 'helloworld',
    name: 'the sym file of the overview talk: 0x1149 is main line 3, 0x1151 line 4',
    async run(server) {
      const job = {
        stacks: [
          [
            [0, 0x1149],
            [0, 0x1151],
          ],
        ],
        memoryMap: [pair(HELLOWORLD)],
      }
      const answer = await v5(server, { jobs: [job] })
      expect(answer.results[0].stacks[0]).toMatchObject([
        { function: 'main', line: 3, module_offset: '0x1149', function_offset: '0x0' },
        { function: 'main', line: 4, module_offset: '0x1151', function_offset: '0x8' },
      ])
    },
  },
  {
    id: 'C34',
    name: 'v4: names with their module, what is known of each module in order',
    async run(server) {
      const missing = await post(server, '/symbolicate/v4', { ...TWO_MODULES, version: 4 })
      expect([missing.status, missing.body]).toEqual([
        200,
        { symbolicatedStacks: [['0x3e8 (in gone.so)', '0x3fc (in gone.so)']], knownModules: [false, null] },
      ])
      const known = await post(server, '/symbolicate/v4', {
        stacks: [
          [
            [1, 0x101a],
            [0, 0x3e8],
            [-1, 9],
          ],
          [],
        ],
        memoryMap: [['gone.so', MISSING], pair(XUL), pair(TESTPROJ)],
        version: 4,
      })
      expect(known.body).toEqual({
        symbolicatedStacks: [
          ['Outer::run(nsTArray<int, 4>) (in xul.dll)', '0x3e8 (in gone.so)', '0x9 (in <unknown>)'],
          [],
        ],
        knownModules: [false, true, null],
      })
    },
  },
  {
    id: 'C35',
    name: 'ten jobs are fine',
    async run(server) {
      const jobs = Array.from({ length: 10 }, () => ({ stacks: [[]], memoryMap: [] }))
      expect(await v5(server, { jobs })).toEqual({ results: jobs.map(() => empty.results[0]) })
    },
  },
  {
    id: 'C36',
    name: 'no jobs; index -1; offset -1',
    async run(server) {
      expect(await v5(server, { jobs: [] })).toEqual({ results: [] })
      expect(await v5(server, { jobs: {} })).toEqual({ results: [] })
      const job = {
        stacks: [
          [
            [-1, 0x10],
            [0, -1],
            [1, 5],
          ],
        ],
        memoryMap: [pair(TESTPROJ), ['', '']],
      }
      expect(await v5(server, job)).toEqual({
        results: [
          {
            stacks: [
              [
                { frame: 0, module: '<unknown>', module_offset: '0x10' },
                { frame: 1, module: 'testproj', module_offset: '-0x1' },
                { frame: 2, module: '<unknown>', module_offset: '0x5' },
              ],
            ],
            found_modules: { [key(TESTPROJ)]: true, '/': null },
          },
        ],
      })
    },
  },
  {
    id: 'repeats',
    name: 'found_modules is keyed: a module that repeats counts once; jobs are answered in order',
    async run(server) {
      const job = {
        stacks: [[[1, 0x5380]], [], [[0, 0x5390]]],
        memoryMap: [pair(TESTPROJ), pair(TESTPROJ), pair(TESTPROJ)],
      }
      const answer = await v5(server, { jobs: [TWO_MODULES, job] })
      expect(answer.results[0].stacks[0][0].module).toBe('gone.so')
      expect(answer.results[1].found_modules).toEqual({ [key(TESTPROJ)]: true })
      expect(answer.results[1].stacks.map((stack: unknown[]) => stack.length)).toEqual([1, 0, 1])
      expect(answer.results[1].stacks[2][0]).toMatchObject({ frame: 0, function: 'testproj::main', line: 3 })
    },
  },
  {
    id: 'exact offsets',
    name: 'offsets up to 2^64 - 1 lose no bit',
    async run(server) {
      const offsets = ['9007199254740993', '9007199254740994', '18446744073709551600', '18446744073709551615']
      const body = `{"stacks":[[${offsets.map((offset) => `[0,${offset}]`).join(',')}]],"memoryMap":[${JSON.stringify(pair(HIGH))}]}`
      const answer = await v5(server, body)
      expect(
        answer.results[0].stacks[0].map(({ module_offset, function: name }: Record<string, string>) => [
          module_offset,
          name,
        ]),
      ).toEqual([
        ['0x20000000000001', 'odd'],
        ['0x20000000000002', 'even'],
        ['0xfffffffffffffff0', 'last'],
        ['0xffffffffffffffff', undefined],
      ])
    },
  },
  {
    id: 'lower-case id',
    name: 'a debug id in any case is found; found_modules repeats it as it came',
    peerFails: 'the id goes to the symbol store as it came, which knows upper case only',
    async run(server) {
      const asked = [TESTPROJ.debugFile, TESTPROJ.debugId.toLowerCase()]
      const answer = await v5(server, { stacks: [[[0, 0x5380]]], memoryMap: [asked] })
      expect(answer.results[0].found_modules).toEqual({ [asked.join('/')]: true })
    },
  },
  {
    id: 'Firefox Profiler',
    name: 'its request: a job a library, all addresses as one stack; its answer has what it reads',
    async run(server) {
      const libs = [
        { lib: XUL, addresses: [0x101a, 0x2010, 0x500] },
        { lib: { debugFile: 'gone.so', debugId: MISSING }, addresses: [16] },
      ]
      const jobs = libs.map(({ lib, addresses }) => ({
        memoryMap: [pair(lib)],
        stacks: [addresses.map((address) => [0, address])],
      }))
      const { body } = await post(server, '/symbolicate/v5', { jobs }, { 'Content-Type': 'text/plain;charset=UTF-8' })
      const [found, missing] = body.results
      expect([found.found_modules[key(XUL)], missing.found_modules[`gone.so/${MISSING}`]]).toEqual([true, false])
      expect(found.stacks[0]).toHaveLength(3)
      for (const frame of found.stacks[0]) {
        expect(frame).toMatchObject({
          frame: expect.any(Number),
          module: expect.any(String),
          module_offset: expect.stringMatching(/^0x/),
        })
        // It takes the function's start to be the address less this.
        if (frame.function !== undefined) expect(frame.function_offset).toMatch(/^0x[0-9a-f]+$/)
      }
    },
  },
  {
    id: 'additions',
    name: 'function_size and module_errors, as samply has them',
    peerFails: 'they are ours and samply’s',
    async run(server) {
      const job = {
        stacks: [
          [
            [0, 0x1000],
            [1, 5],
          ],
        ],
        memoryMap: [pair(XUL), ['gone.so', MISSING], ['idle.so', MISSING]],
      }
      const { body } = await post(server, '/symbolicate/v5', job)
      expect(body.results[0].stacks[0][0].function_size).toBe('0x100')
      expect(body.results[0].module_errors).toEqual({
        [`gone.so/${MISSING}`]: [{ name: 'missing', message: expect.any(String) }],
      })
    },
  },
  {
    id: 'Debug',
    name: 'the header Debug with any value adds the debug object',
    async run(server) {
      const job = {
        stacks: [
          [[0, 0x5380]],
          [
            [0, 0x5381],
            [1, 1],
          ],
        ],
        memoryMap: [pair(TESTPROJ), ['gone.so', MISSING]],
      }
      const { body } = await post(server, '/symbolicate/v5', job, { Debug: '0' })
      const seconds = expect.any(Number)
      expect(body.debug).toMatchObject({
        time: seconds,
        cache_lookups: { count: seconds, hits: seconds, time: seconds },
        downloads: {
          count: seconds,
          size: seconds,
          time: seconds,
          size_per_module: {},
          time_per_module: {},
          fail_time_per_module: {},
        },
        parse_sym: { time: seconds, time_per_module: {}, fail_time_per_module: {} },
        save_symcache: { time: seconds, time_per_module: {} },
        modules: { count: 2 },
      })
      expect(body.results).toHaveLength(1)
      expect((await post(server, '/symbolicate/v5', job)).body).not.toHaveProperty('debug')
    },
  },
  {
    id: 'CORS',
    name: 'every origin may ask: preflight, answers and refusals',
    async run(server) {
      const asked = { Origin: 'https://profiler.example.org', 'Access-Control-Request-Method': 'POST' }
      const preflight = await server.fetch('/symbolicate/v5', { method: 'OPTIONS', headers: asked })
      await preflight.arrayBuffer()
      expect(preflight.status).toBe(200)
      const allowed = ['Origin', 'Methods', 'Headers'].map((what) =>
        preflight.headers.get(`Access-Control-Allow-${what}`),
      )
      expect(allowed).toEqual(['*', 'POST', '*'])
      expect(preflight.headers.get('Access-Control-Max-Age')).toBe('86400')
      for (const body of [{ stacks: [[]], memoryMap: [] }, {}]) {
        const { headers } = await post(server, '/symbolicate/v5', body, { Origin: 'https://profiler.example.org' })
        expect(headers.get('Access-Control-Allow-Origin')).toBe('*')
      }
    },
  },
]
