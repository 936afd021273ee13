/**
 * Everything that a stranger may write, hostile: every annotation, the names in sym files, of modules, threads and attachments, product, version and channel,
 * comments, token notes, addresses. Every page of the dashboard in Chromium, for nobody and for an admin: nothing runs, nothing is refused by the
 * content security policy, nothing becomes markup. HTTP only.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { zipSync } from 'fflate'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { createToken, type Fleet, startFleet } from '../support/fleet.ts'
import { withNames } from '../support/hostile-dump.ts'
import { dumpPath, symbolsPath } from '../support/reference.ts'
import { getJson, type Part, processedCrash, submit, uploadZip, waitFor } from '../support/report.ts'

/** Out of an attribute, out of an element, an event handler, a script, an override that turns text around. */
const EVIL = `"'><img src=x onerror=alert(1)><script>alert(2)</script></title></textarea><svg onload=alert(3)>' onmouseover='alert(4)\u202e`
/** As a value that could become an address. */
const EVIL_ADDRESS = 'javascript:alert(5)//'
/** Of one line and without what ends a name in a multipart header. */
const EVIL_NAME = `'><img src=x onerror=alert(6)>`
const SYM_FILE = 'templates/D383C358E1F5E48CEB26AC16757BAB140/templates.sym'
/** Annotations that decide whether and under which id a report is taken. */
const NOT_SENT = new Set(['uuid', 'Throttleable', 'throttleable'])

let fleet: Fleet
let browser: Browser
const ids = { symbols: '', names: '', json: '', java: '' }
/** The page of the first crash for whoever sent it. */
let personPath = ''
let signature = ''

beforeAll(async () => {
  const vars = { VIEW_URL_BASE: 'http://person.example' }
  ;[fleet, browser] = await Promise.all([startFleet({ empty: true, vars }), openBrowser()])
  const token = await createToken(fleet, ['upload_symbols', 'view_pii'])
  const uploaded = await uploadZip(fleet.url, token, zipSync({ [SYM_FILE]: hostileSymFile() }))
  expect(uploaded.status, uploaded.text).toBe(201)

  const annotations: Record<string, Part> = {}
  for (const name of await registryNames()) annotations[name] = `${EVIL}${name}`
  const where = { ProductName: EVIL, Version: `1.0${EVIL}`, ReleaseChannel: EVIL, [EVIL_NAME]: EVIL }
  const files = {
    upload_file_minidump: { bytes: readFileSync(dumpPath('templates')) },
    memory_report: { bytes: Buffer.from(EVIL), filename: EVIL_NAME, type: 'text/html' },
    [`log${EVIL_NAME}`]: { bytes: Buffer.from(EVIL), filename: `${EVIL_NAME}.html`, type: 'text/html' },
  }
  const names = withNames(readFileSync(dumpPath('heap_threads')), EVIL.replaceAll('/', ''))
  const said = await send({ ...annotations, ...where, ...files })
  personPath = /^ViewURL=http:\/\/person\.example(\S+)$/m.exec(said)?.[1] ?? ''
  ids.symbols = crashIdIn(said)
  ids.names = crashIdIn(await send({ ...where, upload_file_minidump: { bytes: names } }))
  ids.json = crashIdIn(await send({ ...where, ...hostileJson(), URL: EVIL_ADDRESS, MozCrashReason: EVIL_ADDRESS }))
  const stack = `${EVIL}: ${EVIL}\n\tat ${EVIL}.run(${EVIL}.java:1)\nCaused by: ${EVIL}`
  ids.java = crashIdIn(await send({ ProductName: EVIL, Version: EVIL_ADDRESS, JavaStackTrace: stack }))
  const headers = { 'Auth-Token': token }
  await Promise.all(Object.values(ids).map((crashId) => processedCrash(fleet.url, crashId, headers)))
  signature = String((await processedCrash(fleet.url, ids.symbols, headers)).signature)
  await waitFor('the search rows', 30, async () => {
    const { json } = await getJson(`${fleet.url}/api/SuperSearch/?_results_number=0`)
    return json.total === Object.keys(ids).length ? true : undefined
  })
})
afterAll(async () => {
  await browser?.close()
  await fleet?.stop()
})

/** Every annotation that the data dictionary lists. */
async function registryNames(): Promise<readonly string[]> {
  const csv = await (await fetch(`${fleet.url}/documentation/datadictionary.csv`)).text()
  const names = [...csv.matchAll(/^"?annotation"?,"?([\w-]+)"?,/gm)].flatMap(([, name]) => name ?? [])
  expect(names.length).toBeGreaterThan(100)
  return names.filter((name) => !NOT_SENT.has(name))
}

async function send(parts: Readonly<Record<string, Part>>): Promise<string> {
  const { status, text } = await submit(fleet.url, parts)
  expect(status, text).toBe(200)
  return text
}

function crashIdIn(text: string): string {
  const crashId = /^CrashID=bp-([0-9a-f-]{36})$/m.exec(text)?.[1]
  if (crashId === undefined) throw new Error(`not accepted: ${text}`)
  return crashId
}

/** The real sym file; its functions, inline functions and source files have hostile names, some of the forms that become links. */
function hostileSymFile(): Buffer {
  const line = EVIL.replaceAll('\u202e', '')
  const files = [
    `${line}.cpp`,
    `hg:hg.example.org/${EVIL_NAME}:dir/${line}.cpp:${EVIL_NAME}`,
    `git:github.com/a/${EVIL_NAME}:${line}.cpp:0123abc`,
    `/rustc/${'a'.repeat(40)}/${line}.rs`,
    `${EVIL_ADDRESS}x.cpp`,
  ]
  const text = gunzipSync(readFileSync(`${symbolsPath}/${SYM_FILE}.gz`))
    .toString()
    .replace(
      /^(FILE (\d+)) .*$/gm,
      (_, head: string, number: string) => `${head} ${files[Number(number) % files.length]}`,
    )
    .replace(/^(INLINE_ORIGIN \d+) .*$/gm, (_, head: string) => `${head} ${line}`)
    .replace(/^(FUNC (?:m )?[0-9a-f]+ [0-9a-f]+ [0-9a-f]+) .*$/gm, (_, head: string) => `${head} ${line}`)
  return Buffer.from(text)
}

/** Annotations that the processor reads as JSON: well formed, hostile within. */
function hostileJson(): Readonly<Record<string, string>> {
  const frames = [{ module: EVIL, function: EVIL, filename: EVIL, lineno: 1, in_app: true }]
  const addon = { version: EVIL, name: EVIL, isSystem: true }
  return {
    Breadcrumbs: JSON.stringify([
      { timestamp: EVIL, category: EVIL, level: EVIL, message: EVIL, data: { [EVIL]: EVIL } },
    ]),
    JavaException: JSON.stringify({
      exception: { values: [{ stacktrace: { type: EVIL, module: EVIL, value: EVIL, frames } }] },
    }),
    TelemetryEnvironment: JSON.stringify({ addons: { activeAddons: { [EVIL_NAME]: addon } }, [EVIL]: EVIL }),
    'Add-ons': `${encodeURIComponent(EVIL_NAME)}:${encodeURIComponent(EVIL)}`,
    AsyncShutdownTimeout: JSON.stringify({ phase: EVIL, conditions: [{ name: EVIL }] }),
    Comments: EVIL,
  }
}

/** Every page, and the forms of hostile addresses that each reads. */
function pages(): readonly string[] {
  const evil = encodeURIComponent(EVIL)
  const q = (values: Readonly<Record<string, string>>) => new URLSearchParams(values)
  const everyParameter = (names: readonly string[]) => q(Object.fromEntries(names.map((name) => [name, EVIL])))
  const tabs = ['summary', 'aggregations', 'reports', 'graphs', 'correlations', 'comments', 'bugs']
  const searched = [
    'product',
    '_columns',
    '_facets',
    '_sort',
    'date',
    '_results_offset',
    '_tab',
    '_split',
    '_axis',
    EVIL,
  ]
  return [
    '/',
    ...Object.values(ids).flatMap((id) => [
      ...['crash', 'annotations', 'modules', 'extensions', 'raw', 'debug'].map(
        (tab) => `/report/index/${id}?tab=${tab}`,
      ),
      `/report/index/${id}?${q({ thread: 'all', find: EVIL, in: `product=${EVIL}`, at: '0', tab: EVIL })}`,
      `/report/index/${id}?${q({ in: q({ product: `=${EVIL}` }).toString(), at: '1' })}`,
      `/report/index/${id}/markdown`,
    ]),
    `/report/index/${evil}`,
    `/report/index/00000000-0000-0000-0000-000000261123?${q({ queued: EVIL })}`,
    ...tabs.map((tab) => `/signature/?${q({ signature, _tab: tab, _split: 'product', _field: 'app_notes' })}`),
    `/signature/?${q({ signature: EVIL, _tab: EVIL, product: EVIL, _split: EVIL, _field: EVIL, _group: EVIL })}`,
    '/signature/',
    '/topcrashers/',
    `/topcrashers/?${q({ product: EVIL, version: EVIL, _days: EVIL, _sort: EVIL })}`,
    `/topcrashers/?${q({ product: EVIL })}`,
    '/search/',
    `/search/?${q({ product: `=${EVIL}`, _tab: 'graph', _split: 'version' })}`,
    `/search/?${q({ _facets: 'app_notes', _columns: 'app_notes', signature: `~${EVIL}` })}`,
    `/search/?${everyParameter(searched)}`,
    `/search/?${q({ _query: EVIL })}`,
    `/search/?${q({ _query: `product:"${EVIL}` })}`,
    `/search/quick/?${q({ query: EVIL })}`,
    `/symbols/?${q({ module: EVIL, id: EVIL })}`,
    `/symbols/?${q({ module: EVIL, id: 'ABC1' })}`,
    '/symbols/',
    '/documentation/datadictionary/',
    '/documentation/datadictionary/dataset/annotation/field/Comments',
    `/documentation/datadictionary/dataset/${evil}/field/${evil}`,
    '/api/',
    `/api/?${q({ model: EVIL })}`,
    '/api/tokens/',
    personPath,
    personPath.replace(/k=.*/, `k=${evil}`),
    `/crash/${evil}?k=${evil}`,
    `/api/ProcessedCrash/?${q({ crash_id: EVIL })}`,
    `/api/SuperSearch/?${q({ product: `=${EVIL}`, [EVIL]: EVIL })}`,
    '/signin',
    `/signin?${q({ next: EVIL })}`,
    `/signin?${q({ next: EVIL_ADDRESS })}`,
    '/access-log',
    `/access-log?${q({ crash_id: EVIL, email: EVIL, page: EVIL })}`,
    `/${evil}`,
    `/${evil}/${evil}?${evil}=${evil}`,
  ]
}

interface Watched {
  readonly page: Page
  readonly problems: string[]
}

/** A page that notes whatever a browser says when something ran or was kept from running. */
async function watched(context: BrowserContext): Promise<Watched> {
  const problems: string[] = []
  await context.exposeFunction('reportViolation', (what: string) => problems.push(`CSP: ${what}`))
  await context.addInitScript(`document.addEventListener('securitypolicyviolation', (event) =>
    reportViolation(event.violatedDirective + ' ' + event.blockedURI))`)
  const page = await context.newPage()
  page.on('console', (message) => {
    // An error page is an error page: its own status is no problem.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('dialog', async (dialog) => {
    problems.push(`dialog: ${dialog.message()}`)
    await dialog.dismiss()
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(fleet.url)) problems.push(`left for ${request.url()}`)
  })
  return { page, problems }
}

/**
 * What no page has, whatever it shows: handlers, scripts and styles of its own, pictures from elsewhere, addresses that run. Text and JSON are in a page that the
 * browser makes.
 */
const MARKUP = `document.contentType !== 'text/html' ? [] : [...document.querySelectorAll('*')].flatMap((element) => [
  ...[...element.attributes].filter(({ name }) => name.startsWith('on') || name === 'style').map(({ name }) => name),
  ...(element.matches('script:not([src^="/assets/"]), style, iframe, object, embed, base, meta[http-equiv]') ? [element.outerHTML] : []),
  ...(element.matches('img:not([src^="/assets/"]), image, use') ? [element.outerHTML] : []),
  ...['href', 'action', 'formaction', 'src', 'xlink:href'].flatMap((name) => {
    const value = element.getAttribute(name)
    if (value === null) return []
    return URL.canParse(value, location.href) && /^https?:/.test(new URL(value, location.href).protocol) ? [] : [name + '=' + value]
  }),
])`

/** All that is visible or typed in. */
const SHOWN = `document.body.textContent + [...document.querySelectorAll('input')].map(({ value }) => value)`

/** Reads every page; returns what is wrong on each, and how many showed something hostile. */
async function walk(context: BrowserContext): Promise<{ readonly wrong: readonly string[]; readonly hostile: number }> {
  const { page, problems } = await watched(context)
  const wrong: string[] = []
  let hostile = 0
  for (const where of pages()) {
    const response = await page.goto(`${fleet.url}${where}`)
    const status = response?.status() ?? 0
    const markup = await page.evaluate<readonly string[]>(MARKUP)
    const what = [...(status < 500 ? [] : [`answered ${status}`]), ...markup, ...problems.splice(0)]
    if (what.length > 0) wrong.push(`${where.slice(0, 200)}: ${what.slice(0, 3).join(', ').slice(0, 300)}`)
    if (String(await page.evaluate(SHOWN)).includes('onerror=alert(')) hostile += 1
  }
  return { wrong, hostile }
}

describe('hostile strings', () => {
  it('arrive: as function, source, module and thread, product and version, in every annotation, as file names', async () => {
    const headers = { 'Auth-Token': await createToken(fleet, ['view_pii']) }
    const processed = (id: string) => processedCrash(fleet.url, id, headers)
    const [symbols, names] = await Promise.all([processed(ids.symbols), processed(ids.names)])
    const frame = symbols.json_dump.crashing_thread.frames[0]
    const text = (value: unknown) => JSON.stringify(value).includes('onerror=alert(')
    for (const value of [
      frame.function,
      frame.inlines[0].function,
      frame.inlines[0].file,
      symbols.signature,
      symbols.product,
      symbols.version,
    ]) {
      expect(text(value), String(value)).toBe(true)
    }
    for (const thread of names.json_dump.threads) expect(text(thread.thread_name)).toBe(true)
    for (const module of names.json_dump.modules) expect(text(module.filename), module.filename).toBe(true)
    const { json: raw } = await getJson(`${fleet.url}/api/RawCrash/?crash_id=${ids.symbols}`, headers)
    expect(Object.values(raw).filter(text).length).toBeGreaterThan(100)
    expect(Object.values(raw.metadata.attachments).filter(text)).toHaveLength(2)
  })

  it('are text on every page for nobody', async () => {
    const context = await browser.newContext()
    const { wrong, hostile } = await walk(context)
    expect(wrong).toEqual([])
    expect(hostile).toBeGreaterThan(25)
    await context.close()
  }, 300_000)

  it('are text on every page for an admin, whose tokens and comments are hostile too', async () => {
    const context = await browser.newContext()
    const { page, problems } = await watched(await browser.newContext())
    await page.goto(`${fleet.url}${personPath}`)
    await page.locator('textarea').fill(EVIL)
    await page
      .getByRole('button', { name: /send|save|add/i })
      .first()
      .click()
    await page.waitForLoadState()
    expect(problems).toEqual([])
    await page.context().close()

    const setup = await context.newPage()
    await setup.goto(`${fleet.url}/signin`)
    await setup.getByRole('button', { name: /admin@example\.com/ }).click()
    await setup.goto(`${fleet.url}/api/tokens/`)
    await setup.locator('#notes').fill(EVIL)
    await setup.getByRole('button', { name: 'Create token' }).click()
    await setup.getByText('Your new token').waitFor()
    await setup.close()
    const { wrong, hostile } = await walk(context)
    expect(wrong).toEqual([])
    expect(hostile).toBeGreaterThan(40)
    await context.close()
  }, 300_000)

  it('do not name a file that a browser would open: attachments are downloads in a sandbox', async () => {
    const token = await createToken(fleet, ['view_pii', 'view_rawdump'])
    const headers = { 'Auth-Token': token }
    const { json } = await getJson(`${fleet.url}/api/RawCrash/?crash_id=${ids.symbols}`, headers)
    const names = Object.keys(json.metadata.dump_checksums)
    expect(names.length).toBeGreaterThanOrEqual(3)
    for (const name of names) {
      const query = new URLSearchParams({ crash_id: ids.symbols, format: 'raw', name })
      const response = await fetch(`${fleet.url}/api/RawCrash/?${query}`, { headers })
      expect(response.status, name).toBe(200)
      expect(response.headers.get('Content-Type'), name).toBe('application/octet-stream')
      expect(response.headers.get('Content-Disposition'), name).toMatch(/^attachment; filename="[\w.-]+"$/)
      expect(response.headers.get('Content-Security-Policy'), name).toContain('sandbox')
      await response.arrayBuffer()
    }
  })
})
