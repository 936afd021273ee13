import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  MAX_SIGNATURE_BATCH_BYTES,
  MAX_SIGNATURE_JOBS,
  MAX_SIGNATURE_LINE_BYTES,
  MAX_SIGNATURE_LINES,
  MAX_SIGNATURE_STREAM_BYTES,
} from '#shared/limits.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { dashboardRig, ORIGIN } from '../dashboard-rig.ts'

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeAll(async () => {
  rig = await dashboardRig()
})

const SEED = process.env.MAYDAY_SEED === undefined ? {} : { seed: Number(process.env.MAYDAY_SEED) }
const RUNS = process.env.MAYDAY_TEST_SIZE === 'full' ? 2_000 : 200

const post = (body: BodyInit | null, type: string | null, headers: Record<string, string> = {}) =>
  rig.fetch('/api/CrashSignature/', {
    method: 'POST',
    headers: { ...(type === null ? {} : { 'Content-Type': type }), ...headers },
    body,
  })
const postJson = async (value: unknown, headers?: Record<string, string>) => {
  const response = await post(JSON.stringify(value), 'application/json; charset=utf-8', headers)
  return {
    status: response.status,
    body: await response.json<{ results: Record<string, unknown>[]; error?: string }>(),
  }
}
const postLines = async (lines: readonly string[]) => {
  const response = await post(lines.join('\n'), 'application/x-ndjson')
  const results = (await textOf(response))
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line))
  return { response, results }
}
/** workerd warns about `text()` of a media type that it takes for binary. */
const textOf = async (response: Response) => new TextDecoder().decode(await response.arrayBuffer())
const crash = (...functions: string[]) => ({ threads: [{ frames: functions.map((name) => ({ function: name })) }] })

describe('POST /api/CrashSignature/ with a JSON batch', () => {
  it('answers a result for each job, in order, with what made the signature', async () => {
    const { status, body } = await postJson({
      jobs: [crash('raise', 'abort', 'a(int)'), { java_stack_trace: 'x.Y: z\n\tat q' }],
    })
    expect(status).toBe(200)
    const provenance = { signature_version: '1', signature_lists_hash: defaultSignatureLists().hash }
    expect(body.results).toEqual([
      {
        signature: 'a',
        notes: [],
        extra: { normalized_frames: ['raise', 'abort', 'a'], proto_signature: 'raise | abort | a' },
        ...provenance,
      },
      { signature: 'x.Y: z at q', notes: [], extra: {}, ...provenance },
    ])
  })

  it('takes a whole processed crash for its crash data', async () => {
    const jsonDump = { ...crash('b'), crash_info: { crashing_thread: 0 } }
    const { body } = await postJson({ jobs: [{ uuid: 'x', signature: 'old', json_dump: jsonDump }] })
    expect(body.results[0]).toMatchObject({ signature: 'b' })
  })

  it('says why, with the header DEBUG: 1', async () => {
    const { body } = await postJson({ jobs: [crash('abort', 'memcpy', 'a')] }, { DEBUG: '1' })
    expect(body.results[0]?.debug_log).toEqual([
      'SignatureGenerationRule: irrelevant, left out: "abort"',
      'SignatureGenerationRule: prefix, goes on: "memcpy"',
      'SignatureGenerationRule: the end: "a"',
      'SignatureGenerationRule: "" becomes "memcpy | a"',
    ])
  })

  it.each([
    ['{}', 'no jobs specified'],
    ['{"jobs":[]}', 'no jobs specified'],
    ['{"jobs":null}', 'no jobs specified'],
    ['[]', 'no jobs specified'],
    ['{"jobs":{}}', 'Bad request: jobs is not a list'],
    ['{"jobs":[{},3]}', 'Bad request: jobs[1] is not an object of crash data'],
    ['{"jobs":[', 'Bad request: the body is not JSON'],
    ['', 'Bad request: the body is not JSON'],
  ])('refuses %s with 400 and says why', async (text, error) => {
    const response = await post(text, 'application/json')
    expect([response.status, await response.json()]).toEqual([400, { error }])
  })

  it.each([null, 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonx'])(
    'refuses the media type %s with 415',
    async (type) => {
      const response = await post(new TextEncoder().encode('{"jobs":[{}]}'), type)
      expect([response.status, await response.json()]).toEqual([
        415,
        { error: 'Content-Type must be application/json or application/x-ndjson' },
      ])
    },
  )

  it('takes as many jobs as the limit, and one more is 400', async () => {
    const jobs = (count: number) => ({ jobs: Array.from({ length: count }, () => ({})) })
    for (const count of [MAX_SIGNATURE_JOBS - 1, MAX_SIGNATURE_JOBS]) {
      expect((await postJson(jobs(count))).body.results).toHaveLength(count)
    }
    const over = await postJson(jobs(MAX_SIGNATURE_JOBS + 1))
    expect([over.status, over.body.error]).toEqual([400, expect.stringContaining('send more as application/x-ndjson')])
  })

  it('takes as many bytes as the limit, and one more is 413', async () => {
    const padded = (bytes: number) => '{"jobs":[{}]}'.padEnd(bytes)
    for (const bytes of [MAX_SIGNATURE_BATCH_BYTES - 1, MAX_SIGNATURE_BATCH_BYTES]) {
      expect((await post(padded(bytes), 'application/json')).status).toBe(200)
    }
    expect((await post(padded(MAX_SIGNATURE_BATCH_BYTES + 1), 'application/json')).status).toBe(413)
  })

  it('is POST only, and open to pages of every origin', async () => {
    const got = await rig.fetch('/api/CrashSignature/')
    expect([got.status, got.headers.get('Allow')]).toEqual([405, 'POST, OPTIONS'])
    const preflight = await rig.fetch('/api/CrashSignature/', { method: 'OPTIONS' })
    expect(preflight.headers.get('Access-Control-Allow-Methods')).toContain('POST')
    const answer = await post('{"jobs":[{}]}', 'application/json', { Origin: 'https://profiler.example' })
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(answer.headers.get('Access-Control-Allow-Credentials')).toBeNull()
  })
})

describe('POST /api/CrashSignature/ with NDJSON', () => {
  it('answers one result a line, and an error in the place of a line that cannot be signed', async () => {
    const { response, results } = await postLines([
      JSON.stringify(crash('a')),
      '{"threads":',
      '',
      '7',
      JSON.stringify(crash('b\u2028c')),
    ])
    expect([response.status, response.headers.get('Content-Type')]).toEqual([200, 'application/x-ndjson'])
    expect(results).toEqual([
      expect.objectContaining({ signature: 'a', signature_version: '1' }),
      { error: 'the line is not JSON', line: 2 },
      { error: 'the line is not an object of crash data', line: 4 },
      expect.objectContaining({ signature: 'bc' }),
    ])
  })

  it('refuses a body without a line with 400', async () => {
    for (const text of ['', '\n\n']) {
      const response = await post(text, 'application/x-ndjson')
      expect([response.status, await response.json()]).toEqual([400, { error: 'no jobs specified' }])
    }
  })

  it('refuses a body that says it is over the limit with 413, before it is sent', async () => {
    const request = (bytes: number) =>
      post('{}', 'application/x-ndjson', { 'Content-Length': String(bytes) }).then(({ status }) => status)
    expect(await request(MAX_SIGNATURE_STREAM_BYTES)).toBe(200)
    expect(await request(MAX_SIGNATURE_STREAM_BYTES + 1)).toBe(413)
  })

  it('answers the first line before the last has come', async () => {
    let sendRest = () => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(`${JSON.stringify(crash('first'))}\n`))
        sendRest = () => {
          controller.enqueue(new TextEncoder().encode(JSON.stringify(crash('second'))))
          controller.close()
        }
      },
    })
    const request = new Request(`${ORIGIN}/api/CrashSignature/`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-ndjson' },
      body,
    })
    const reader = (await rig.app.request(request)).body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).toContain('"signature":"first"')
    sendRest()
    expect((await reader?.read())?.value).toContain('"signature":"second"')
  })

  it('skips a line over the limit and signs the next', async () => {
    const long = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`
    const { results } = await postLines([
      long(MAX_SIGNATURE_LINE_BYTES),
      long(MAX_SIGNATURE_LINE_BYTES + 1),
      JSON.stringify(crash('next')),
    ])
    expect(results).toEqual([
      expect.objectContaining({ signature: 'EMPTY: no frame data available' }),
      { error: `the line has more than ${MAX_SIGNATURE_LINE_BYTES} bytes`, line: 2 },
      expect.objectContaining({ signature: 'next' }),
    ])
  })

  it('signs as many lines as the limit and says that it stops there', async () => {
    const { results } = await postLines(Array.from({ length: MAX_SIGNATURE_LINES + 2 }, () => '{}'))
    expect(results).toHaveLength(MAX_SIGNATURE_LINES + 1)
    expect(results.at(-1)).toEqual({
      error: `at most ${MAX_SIGNATURE_LINES} lines a request; send the rest in another`,
      line: MAX_SIGNATURE_LINES + 1,
    })
  })

  it('says on the last line that the body broke off', async () => {
    let pulls = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls += 1
        if (pulls > 1) controller.error(new Error('the client went away'))
        else controller.enqueue(new TextEncoder().encode(`${JSON.stringify(crash('a'))}\n{"thr`))
      },
    })
    const response = await post(body, 'application/x-ndjson')
    const [first, last] = (await textOf(response)).trimEnd().split('\n')
    expect(first).toContain('"signature":"a"')
    expect(JSON.parse(last ?? '')).toEqual({ error: 'body_aborted: nothing after this line was signed', line: 2 })
  })
})

describe('POST /api/CrashSignature/ with anything', () => {
  const key = fc.constantFrom(
    'threads',
    'frames',
    'function',
    'module',
    'inlines',
    'offset',
    'crashing_thread',
    'os',
    'java_exception',
    'exception',
    'async_shutdown_timeout',
    'abort_message',
    'json_dump',
    'jobs',
  )
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 6 },
      fc.string(),
      fc.integer(),
      fc.double(),
      fc.constantFrom(null, true, '', '__proto__', '<'.repeat(500), '\ud800'),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(key, fc.string()), tie('any'), { maxKeys: 6 }),
    ),
  })).any

  it('never answers a 5xx', async () => {
    const type = fc.constantFrom('application/json', 'application/x-ndjson', 'text/plain')
    const text = fc.oneof(
      fc.string(),
      value.map((any) => JSON.stringify(any) ?? ''),
      fc.array(value, { maxLength: 3 }).map((jobs) => JSON.stringify({ jobs })),
      fc.array(value, { maxLength: 3 }).map((lines) => lines.map((line) => JSON.stringify(line)).join('\n')),
    )
    await fc.assert(
      fc.asyncProperty(type, text, async (mediaType, body) => {
        const response = await post(new TextEncoder().encode(body), mediaType)
        await textOf(response)
        expect(response.status).toBeLessThan(500)
      }),
      { numRuns: RUNS, ...SEED },
    )
  })

  it('survives nesting that no parser should follow', async () => {
    const deep = `{"jobs":[{"abort_message":${'['.repeat(500_000)}${']'.repeat(500_000)}}]}`
    const response = await post(deep, 'application/json')
    expect(response.status).toBeLessThan(500)
    await textOf(response)
  })
})
