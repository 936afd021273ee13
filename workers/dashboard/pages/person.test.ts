import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { MAX_COMMENT_CHARS, MAX_COMMENT_FORM_BYTES, PERSON_PATIENT_MS, PERSON_REFRESH_END_MS } from '#shared/limits.ts'
import { dashboardRig, NOW_MS, ORIGIN, type StoredCrash } from '../dashboard-rig.ts'
import { attributes, elementNames, texts } from '../page-reading.ts'

const { MAYDAY_TEST_SIZE, MAYDAY_SEED } = z
  .object({ MAYDAY_TEST_SIZE: z.string().default(''), MAYDAY_SEED: z.string().default('') })
  .parse(env)
const IS_FULL = MAYDAY_TEST_SIZE === 'full'
const SEED = Number(MAYDAY_SEED || 20_261_123)
const FROM_OUR_PAGE = { 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN }
/** A crash full of values that the page must not have. */
const CANARY: StoredCrash = {
  state: 'processed',
  annotations: { ProductName: 'CanaryWolf', Comments: 'canary-comment', URL: 'https://canary.example' },
  processed: {
    ...{ product: 'CanaryWolf', version: '4711.0', signature: 'canary::signature', reason: 'SIGSEGV / canary' },
    ...{ possible_bit_flips_max_confidence: 81, oom_allocation_size: 4711, address: '0x4711' },
    json_dump: { threads: [{ frames: [{ function: 'canary_function' }] }] },
  },
}

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeEach(async () => {
  rig = await dashboardRig()
})

/** The page of a crash, as the person loads it. */
async function page(crash: StoredCrash, more = '') {
  const path = await rig.personPath(rig.keep(crash))
  const response = await rig.fetch(`${path}${more}`)
  return { path, response, html: await response.text(), refresh: response.headers.get('Refresh') }
}

async function send(path: string, comments: string, headers: Readonly<Record<string, string>> = FROM_OUR_PAGE) {
  return rig.fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ comments }).toString(),
  })
}

describe('the page of a crash for whoever sent it', () => {
  it('says that the report has arrived, moves it to the front of the queue and asks again', async () => {
    const { html, refresh } = await page({ state: 'pending' })
    expect(await texts(html, 'h1')).toEqual(['Your crash report has arrived'])
    expect(await texts(html, '.progress li')).toEqual(['✓ Received', '… Not processed yet'])
    expect(refresh).toBe('5')
    expect(rig.sent).toHaveLength(1)
  })

  it('asks more seldom of a report that waits long, and then no more', async () => {
    const waited = async (ms: number) => (await page({ state: 'pending', savedAtMs: NOW_MS - ms })).refresh
    expect(await waited(PERSON_PATIENT_MS - 1)).toBe('5')
    expect(await waited(PERSON_PATIENT_MS)).toBe('60')
    expect(await waited(PERSON_REFRESH_END_MS)).toBeNull()
  })

  it('says that it has been processed, and that nothing points to the computer', async () => {
    const { html, refresh } = await page({ state: 'processed', processed: { signature: 'f' } })
    expect(await texts(html, 'h1')).toEqual(['Your crash report has been processed'])
    expect(await texts(html, '.progress li')).toEqual(['✓ Received', '✓ Processed'])
    expect(html).toContain('Nothing in it points to a problem of your computer.')
    expect(html).not.toContain('may have a problem')
    expect(refresh).toBeNull()
  })

  it.each([
    [{ possible_bit_flips_max_confidence: 75 }, 'Its memory may be faulty'],
    [{ reason: 'EXCEPTION_IN_PAGE_ERROR_READ / STATUS_DEVICE_DATA_ERROR' }, 'A disk may be hard to read'],
    [{ oom_allocation_size: 1_048_576 }, 'It may have run out of memory'],
  ])('says what the computer may have, where the crash points at it: %j', async (processed, heading) => {
    const { html } = await page({ state: 'processed', processed })
    expect(await texts(html, 'h2')).toContain('Your computer may have a problem')
    expect(await texts(html, '.notice h3')).toEqual([heading])
    expect(heading).toContain('may')
  })

  it('says so calmly when no machine could read the report', async () => {
    const { html, refresh } = await page({ state: 'failed', reason: 'canary_reason' })
    expect(await texts(html, 'h1')).toEqual(['Your crash report has arrived'])
    expect(html).toContain('It could not be processed automatically.')
    expect(html).not.toContain('canary')
    expect(refresh).toBeNull()
  })

  it('shows nothing else of the crash, and leads nowhere', async () => {
    const { html } = await page(CANARY)
    expect(html).toContain('Your computer may have a problem')
    expect(html.toLowerCase()).not.toContain('canary')
    expect(html).not.toContain('4711')
    // The confidence; names of assets and the page's secret may have these digits.
    expect(html).not.toMatch(/(?<![\w-])81(?![\w-])/)
    expect(await attributes(html, 'a', 'href')).toEqual([])
    expect([...(await elementNames(html))]).not.toContain('script')
  })

  it('is kept by nothing, found by no search engine, framed by no site, and runs no script', async () => {
    const { response, html } = await page({ state: 'pending' })
    expect(response.headers.get('Cache-Control')).toBe('private, no-store')
    expect(response.headers.get('X-Robots-Tag')).toContain('noindex')
    expect(response.headers.get('Content-Security-Policy')).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    expect(response.headers.get('Referrer-Policy')).toBe('same-origin')
    expect(await attributes(html, 'meta[name=robots]', 'content')).toEqual(['noindex, nofollow'])
  })

  it('opens by the address that Firefox writes down with the `=` escaped', async () => {
    const { path } = await page({ state: 'processed', processed: {} })
    expect((await rig.fetch(path.replace('k=', 'k%3D'))).status).toBe(200)
    expect((await rig.fetch(`${path.replace('k=', 'k%3D').slice(0, -1)}x`)).status).toBe(404)
  })

  it('is one and the same 404 for a wrong, cut or missing secret, an unknown crash and what is no id', async () => {
    const crashId = rig.keep(CANARY)
    const path = await rig.personPath(crashId)
    const other = await rig.personPath(rig.keep(CANARY))
    const unknown = await rig.personPath(rig.unknownId())
    const addresses = [
      `/crash/${crashId}`,
      `/crash/${crashId}?k=`,
      `/crash/${crashId}?k`,
      path.slice(0, -1),
      `${path}0`,
      `${path.slice(0, -1)}${path.endsWith('0') ? '1' : '0'}`,
      `/crash/${crashId}?${other.split('?')[1]}`,
      path.replace('k=', 'k=wrong&k='),
      path.replace('/crash/', '/crash/bp-'),
      unknown,
      unknown.slice(0, -1),
      '/crash/xyz?k=0123456789abcdef0123456789abcdef',
      '/crash/%00?k=%00',
    ]
    const answers = await Promise.all(
      addresses
        .flatMap((address) => [rig.fetch(address), send(address, 'canary')])
        .map(async (asked) => {
          const answer = await asked
          return JSON.stringify([answer.status, [...answer.headers], await answer.text()])
        }),
    )
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toContain('[404,')
    expect(rig.comments).toEqual([])
    expect((await rig.fetch(path)).status).toBe(200)
  })

  it(`is that 404 for any address and any secret (seed ${SEED})`, { timeout: 600_000 }, async () => {
    const crashId = rig.keep(CANARY)
    const [, right = ''] = (await rig.personPath(crashId)).split('k=')
    const segment = fc.oneof(fc.constant(crashId), fc.string(), fc.string({ unit: 'binary' }), fc.uuid())
    const secret = fc.oneof(
      fc.nat(31).map((length) => right.slice(0, length)),
      fc.string({ minLength: 1 }).map((more) => right + more),
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[0-9a-f]{32}$/),
    )
    const isSlash = (text: string) => /^(?:\.{0,2}|.*[/\\].*)$/s.test(text)
    // An address has no lone surrogates.
    const encoded = (text: string) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '?'))
    const addresses = fc.tuple(segment, secret, fc.boolean()).filter(([text]) => !isSlash(text))
    const expected = await (await rig.fetch(`/crash/${crashId}`)).text()
    await fc.assert(
      fc.asyncProperty(addresses, async ([id, sent, isRaw]) => {
        const query = isRaw ? sent.replaceAll('#', '') : `k=${encoded(sent)}`
        const response = await rig.fetch(`/crash/${encoded(id)}?${query}`)
        expect([response.status, await response.text()]).toEqual([404, expected])
      }),
      { numRuns: IS_FULL ? 10_000 : 500, seed: SEED },
    )
  })

  it('does not exist without VIEW_URL_SECRET', async () => {
    const path = await rig.personPath(rig.keep(CANARY))
    const closed = await dashboardRig({ viewSecrets: null })
    expect((await closed.fetch(path)).status).toBe(404)
    expect((await closed.fetch(path.replace(/k=.*/, 'k='))).status).toBe(404)
  })

  it('needs no sign-in and shows no more to those who are signed in', async () => {
    const { path, html } = await page(CANARY)
    const signedIn = await rig.fetch(path, { headers: await rig.signIn('admin@example.com') })
    expect(await signedIn.text()).toBe(html)
  })

  it('is 503 with a calm word while CrashStore does not answer', async () => {
    const down = () => Promise.reject(new Error('binding exploded at 10.0.0.7'))
    const { crashStore } = rig.deps
    rig = await dashboardRig({ crashStore: { ...crashStore, readForPerson: down, addComments: down } })
    const path = await rig.personPath(rig.unknownId())
    const response = await rig.fetch(path)
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '60'])
    expect(await response.text()).toContain('Your report is not lost')
  })
})

describe('the comment box', () => {
  it('keeps what the person wrote and says so', async () => {
    const crashId = rig.keep(CANARY)
    const path = await rig.personPath(crashId)
    const response = await send(path, 'I pressed “Save”.\r\nThen it was gone.  ')
    expect([response.status, response.headers.get('Location')]).toEqual([303, `${path}&kept=1`])
    expect(response.headers.get('Cache-Control')).toBe('private, no-store')
    expect(rig.comments).toEqual([[crashId, 'I pressed “Save”.\nThen it was gone.']])
    const html = await (await rig.fetch(`${path}&kept=1`)).text()
    expect(await texts(html, '[role=status]')).toEqual([expect.stringContaining('What you wrote is kept')])
    expect(html).not.toContain('Save')
  })

  it('is never on a page that loads itself again', async () => {
    const waiting = await page({ state: 'pending' })
    expect((await elementNames(waiting.html)).has('textarea')).toBe(false)
    expect((await attributes(waiting.html, 'main a', 'href')).at(-1)).toBe(`${waiting.path}&write=1#comment`)
    const writing = await page({ state: 'pending' }, '&write=1')
    expect([writing.refresh, (await elementNames(writing.html)).has('textarea')]).toEqual([null, true])
  })

  it('has a label and a hint, and posts to the same address', async () => {
    const { html, path } = await page(CANARY)
    expect(await attributes(html, 'form', 'action')).toEqual([path])
    expect(await attributes(html, 'label', 'for')).toEqual(await attributes(html, 'textarea', 'id'))
    expect(await attributes(html, 'textarea', 'aria-describedby')).toEqual(await attributes(html, 'p[id]', 'id'))
  })

  it.each([
    ['no word of where it came from', {}],
    ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
    ['a sandboxed frame', { Origin: 'null' }],
  ])('takes nothing with %s', async (_name, headers) => {
    const path = await rig.personPath(rig.keep(CANARY))
    expect((await send(path, 'x', headers)).status).toBe(403)
    expect(rig.comments).toEqual([])
  })

  it('takes up to its limits, and gives back what it does not take', async () => {
    const path = await rig.personPath(rig.keep(CANARY))
    expect((await send(path, '€'.repeat(MAX_COMMENT_CHARS))).status).toBe(303)
    const over = await send(path, `<b>${'€'.repeat(MAX_COMMENT_CHARS - 2)}`)
    expect(over.status).toBe(413)
    const html = await over.text()
    expect(await texts(html, '[role=alert]')).toEqual(['It is too long by one character. Please shorten it.'])
    expect((await texts(html, 'textarea')).join()).toBe(`<b>${'€'.repeat(MAX_COMMENT_CHARS - 2)}`)
    expect((await elementNames(html)).has('b')).toBe(false)
    expect((await send(path, 'x'.repeat(MAX_COMMENT_FORM_BYTES))).status).toBe(413)
    expect((await send(path, ' \r\n ')).status).toBe(400)
    expect(rig.comments).toHaveLength(1)
  })

  it('gives back what was typed when it cannot be kept', async () => {
    const { crashStore } = rig.deps
    const path = await rig.personPath(rig.keep(CANARY))
    const down = () => Promise.reject(new Error('gone'))
    for (const [addComments, status] of [
      [down, 503],
      [async () => 'full' as const, 409],
      [async () => 'unreadable' as const, 409],
    ] as const) {
      rig = await dashboardRig({ crashStore: { ...crashStore, addComments } })
      const response = await send(path, 'typed with care')
      expect(response.status).toBe(status)
      expect(await texts(await response.text(), 'textarea')).toEqual(['typed with care'])
    }
  })

  it('is limited an address, and gives back what came too soon', async () => {
    const asked: string[] = []
    const limiter = { limit: async ({ key }: { key: string }) => ({ success: asked.push(key) <= 1 }) }
    const limiters = { anonymous: limiter, authenticated: limiter }
    rig = await dashboardRig({ rateLimits: { api: limiters, searchPages: limiters, comments: limiters } })
    const path = await rig.personPath(rig.keep(CANARY))
    const from = { ...FROM_OUR_PAGE, 'CF-Connecting-IP': '192.0.2.7' }
    expect((await send(path, 'one', from)).status).toBe(303)
    const second = await send(path, 'two', from)
    expect([second.status, second.headers.get('Retry-After')]).toEqual([429, '60'])
    expect(await texts(await second.text(), 'textarea')).toEqual(['two'])
    expect([asked, rig.comments.length]).toEqual([['192.0.2.7', '192.0.2.7'], 1])
    expect((await rig.fetch(path)).status).toBe(200)
  })

  it('is in no log line', async () => {
    const path = await rig.personPath(rig.keep(CANARY))
    await send(path, 'canary-typed')
    await send(path, 'canary-typed', {})
    await rig.fetch(path)
    expect(JSON.stringify(rig.logged)).not.toContain('canary')
    expect(JSON.stringify(rig.logged)).not.toContain(path.split('k=')[1])
  })
})
