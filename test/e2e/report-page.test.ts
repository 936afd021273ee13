/**
 * The report page as an engineer uses it, in a real browser: by keyboard alone, by deep links, by copying, without a script, on wide and narrow screens. What
 * attacks whoever reads it is in test/security/hostile-strings.test.ts. HTTP only.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { createToken, type Fleet, mayday, startFleet } from '../support/fleet.ts'
import { dumpPath, symbolsPath } from '../support/reference.ts'
import { crashIdOf, type Part, processedCrash, submit, waitFor } from '../support/report.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Where pictures go when somebody wants to look at them. */
const pictures = process.env.MAYDAY_PICTURES

const EVIL = `"><img src=x onerror=alert(1)><script>alert(2)</script>' onmouseover='alert(3)\u202e`
const dump = (name: string): Part => ({ bytes: readFileSync(dumpPath(name)) })

let fleet: Fleet
let browser: Browser
const ids: Record<string, string> = {}

beforeAll(async () => {
  ;[fleet, browser] = await Promise.all([startFleet({ empty: true }), openBrowser()])
  const token = await createToken(fleet, ['upload_symbols'])
  const upload = await mayday(['upload-symbols', '--url', fleet.url, '--token', token, symbolsPath])
  expect(upload.code, upload.stderr).toBe(0)
  const product = { ProductName: 'WaterWolf', Version: '1.0', ReleaseChannel: 'nightly' }
  const reports: Record<string, Record<string, Part>> = {
    threads: { upload_file_minidump: dump('heap_threads') },
    templates: { upload_file_minidump: dump('templates') },
    panic: { upload_file_minidump: dump('panic_abort') },
    java: { JavaStackTrace: 'java.lang.IllegalStateException: x\n\tat org.a.B.c(B.java:12)' },
    evil: { upload_file_minidump: dump('null_chain'), Comments: EVIL, URL: EVIL, MozCrashReason: EVIL, [EVIL]: EVIL },
  }
  for (const [name, parts] of Object.entries(reports)) {
    ids[name] = crashIdOf(await submit(fleet.url, { ...product, ...parts }))
  }
  await Promise.all(Object.values(ids).map((crashId) => processedCrash(fleet.url, crashId)))
  await waitFor('the search rows', 30, async () => {
    const { total } = (await (await fetch(`${fleet.url}/api/SuperSearch/?product=WaterWolf`)).json()) as {
      total: number
    }
    return total === Object.keys(ids).length ? true : undefined
  })
})
afterAll(async () => {
  await browser?.close()
  await fleet?.stop()
})

const address = (name: string, rest = '') => `${fleet.url}/report/index/${ids[name]}${rest}`

/** A page that fails the test on a script error, a CSP violation, a failed request or a dialog. */
async function watched(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') throw new Error(message.text())
  })
  page.on('pageerror', (error) => {
    throw error
  })
  page.on('dialog', () => {
    throw new Error('a dialog opened')
  })
  return page
}

async function withPage(act: (page: Page) => Promise<void>, options: Parameters<Browser['newContext']>[0] = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  try {
    await act(await watched(context))
  } finally {
    await context.close()
  }
}

const focused = (page: Page) => page.evaluate('document.activeElement.textContent.trim()')

describe('by keyboard alone', () => {
  it('leads from search through the reports of a result set, and explains itself', () =>
    withPage(async (page) => {
      await page.goto(`${fleet.url}/search/?product=WaterWolf&_sort=date`)
      await page.keyboard.press('j')
      await page.keyboard.press('j')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/report/index/*')
      expect(page.url()).toContain('at=1')
      await page.getByText('2 of 5 results').waitFor()
      await page.keyboard.press(']')
      await page.getByText('3 of 5 results').waitFor()
      await page.keyboard.press('[')
      await page.getByText('2 of 5 results').waitFor()

      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'hidden' })
      await page.keyboard.press('/')
      expect(await page.evaluate('document.activeElement.id')).toBe('quick')
      // What is typed is text, no shortcut.
      await page.keyboard.type('g?s')
      expect(page.url()).toContain('/report/index/')
      await page.keyboard.press('Tab')
      await page.keyboard.press('g')
      await page.keyboard.press('s')
      await page.waitForURL('**/search/')
    }))

  it('walks the frames, and can be switched off', () =>
    withPage(async (page) => {
      await page.goto(address('templates'))
      await page.keyboard.press('j')
      expect(await focused(page)).toBe('0')
      await page.keyboard.press('j')
      expect(await focused(page)).toBe('inline')
      await page.keyboard.press('k')
      await page.keyboard.press('Enter')
      expect(new URL(page.url()).hash).toBe('#t0f0')
      await page.keyboard.press('?')
      await page.getByLabel('Single-key shortcuts are on in this browser').uncheck()
      await page.keyboard.press('Escape')
      await page.reload()
      await page.keyboard.press('/')
      expect(await page.evaluate('document.activeElement.id')).not.toBe('quick')
    }))
})

describe('deep links', () => {
  it('lead to a frame of another thread, opened and highlighted', () =>
    withPage(async (page) => {
      await page.goto(address('threads', '#t3f2'))
      await page.locator('#t3f2').waitFor({ state: 'visible' })
      expect(await page.locator('#t3f2').evaluate((row) => row.matches(':target'))).toBe(true)
      expect(await page.locator('#t3').evaluate((fold) => fold.hasAttribute('open'))).toBe(true)
    }))

  it('lead from chips to the symbols of a module: uploaded, or missing', () =>
    withPage(async (page) => {
      await page.goto(address('threads'))
      await page.getByRole('link', { name: 'no symbols' }).first().click()
      await page.getByRole('heading', { name: 'Symbols of libcrashpre.so' }).waitFor()
      await page.getByText('No sym file was uploaded for this module').waitFor()
      await page.goto(address('threads'))
      await page.locator('td.module').getByRole('link', { name: 'heap_threads' }).first().click()
      await page.getByText('stackwalks and symbolication use it').waitFor()
    }))

  it('find threads by what is in them', () =>
    withPage(async (page) => {
      await page.goto(address('threads'))
      await page.getByLabel('Search threads').fill('WORKER-5')
      await page.keyboard.press('Enter')
      await page.waitForURL('**find=WORKER-5**')
      expect(await page.locator('.threads > *').count()).toBe(1)
      expect(await page.locator('.threads .thread-name').textContent()).toBe('worker-5')
    }))
})

describe('copying', () => {
  const permissions = { permissions: ['clipboard-read', 'clipboard-write'] }
  const clipboard = (page: Page): Promise<string> => page.evaluate('navigator.clipboard.readText()')

  it('gives Markdown, JSON and the address of a frame', () =>
    withPage(async (page) => {
      await page.goto(address('templates', '#t0f2'))
      await page.keyboard.press('c')
      await page.getByText('Copied Markdown').waitFor({ state: 'attached' })
      const markdown = await clipboard(page)
      expect(markdown).toContain(`<${address('templates')}>`)
      expect(markdown).toContain('  0  templates  Rec<4>::go<long>')
      await page.getByRole('link', { name: 'Copy as JSON' }).click()
      await page.getByText('Copied JSON').waitFor({ state: 'attached' })
      expect(JSON.parse(await clipboard(page)).uuid).toBe(ids.templates)
      await page.getByRole('link', { name: 'Copy link' }).click()
      await page.getByText('Copied link').waitFor({ state: 'attached' })
      expect(await clipboard(page)).toBe(address('templates', '#t0f2'))
      // The frame where the keyboard is, once it is somewhere.
      await page.keyboard.press('j')
      const row = await page.locator('tr.current').getAttribute('id')
      await page.getByRole('link', { name: 'Copy link' }).click()
      await expect.poll(() => clipboard(page)).toBe(address('templates', `#${row}`))
      expect(row).toMatch(/^t0f2i?|^t0f3/)
    }, permissions))

  it('is a link to the text where there is no script', () =>
    withPage(
      async (page) => {
        await page.goto(address('threads'))
        await page.getByRole('link', { name: 'Copy as Markdown' }).click()
        await page.waitForURL('**/markdown')
        expect(await page.locator('body').textContent()).toContain('## Crashing thread (4')
      },
      { javaScriptEnabled: false },
    ))
})

describe('rows', () => {
  const permissions = { permissions: ['clipboard-read', 'clipboard-write'] }

  it('are selected by x and copied by c, as a Markdown list of links', () =>
    withPage(async (page) => {
      await page.goto(`${fleet.url}/search/?product=WaterWolf&_sort=date`)
      for (const key of ['j', 'x', 'j', 'j', 'x', 'c']) await page.keyboard.press(key)
      await page.getByText('Copied 2 rows').waitFor({ state: 'attached' })
      const lines = String(await page.evaluate('navigator.clipboard.readText()'))
        .trimEnd()
        .split('\n')
      expect(lines).toHaveLength(2)
      expect(lines[0]).toContain(`/report/index/${ids.threads}`)
      expect(lines[1]).toContain(`/report/index/${ids.panic}`)
    }, permissions))

  it('filter by the cell that has the focus', () =>
    withPage(async (page) => {
      await page.goto(`${fleet.url}/search/`)
      await page.locator('.hits tbody td.column-version a').first().focus()
      await page.keyboard.press('f')
      await page.waitForURL('**version=**')
      expect(new URL(page.url()).searchParams.getAll('version')).toEqual(['1.0'])
      expect(await page.locator('.hits tbody tr').count()).toBe(5)
    }))
})

describe('times', () => {
  it('are UTC, and in the time of the reader under the pointer', () =>
    withPage(
      async (page) => {
        await page.goto(address('threads'))
        const time = page.locator('#facts time').first()
        const utc = new Date(String(await time.getAttribute('datetime')))
        expect(await time.textContent()).toBe(`${utc.toISOString().slice(0, 19).replace('T', ' ')} UTC`)
        expect(await time.getAttribute('title')).toBe(null)
        await time.hover()
        const local = utc.toLocaleString('en-US', { timeStyle: 'medium', timeZone: 'Asia/Kolkata' })
        expect(String(await time.getAttribute('title')).replaceAll('\u202f', ' ')).toContain(
          local.replaceAll('\u202f', ' ').replace(/ [AP]M$/, ''),
        )
        expect(await time.getAttribute('title')).toMatch(/GMT\+5:30, your time$/)
      },
      { timezoneId: 'Asia/Kolkata', locale: 'en-US' },
    ))
})

describe('without a script', () => {
  it('reads whole: inline frames fold, threads open, tabs switch, help shows', () =>
    withPage(
      async (page) => {
        await page.goto(address('templates'))
        expect(await page.locator('tr.inline:visible').count()).toBe(10)
        await page.getByLabel('Hide inline frames').check()
        expect(await page.locator('tr.inline:visible').count()).toBe(0)
        await page.getByRole('link', { name: 'Keyboard shortcuts' }).click()
        await page.getByText('Next and previous row').waitFor()
        await page.getByRole('link', { name: /^Modules/ }).click()
        expect(await page.locator('.modules tbody tr').count()).toBe(8)
      },
      { javaScriptEnabled: false },
    ))
})

describe('without a jolt', () => {
  it('pages do not move once they are drawn', () =>
    withPage(async (page) => {
      for (const path of ['/', '/search/?product=WaterWolf', `/report/index/${ids.threads}`, '/topcrashers/']) {
        await page.goto(`${fleet.url}${path}`)
        const shift = await page.evaluate(`new Promise((resolve) => {
          let sum = 0
          new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (sum += value)))
            .observe({ type: 'layout-shift', buffered: true })
          setTimeout(() => resolve(sum), 300)
        })`)
        expect(shift, path).toBe(0)
      }
    }))

  it('a page that takes its time is announced by a bar, which ends with it', () =>
    withPage(async (page) => {
      await page.addInitScript(() => {
        addEventListener('pagehide', () => sessionStorage.setItem('left', document.documentElement.className))
      })
      await page.goto(address('threads'))
      await page.locator('header').getByRole('link', { name: 'Search' }).click()
      await page.waitForURL('**/search/')
      expect(await page.evaluate("sessionStorage.getItem('left')")).toBe('loading')
      expect(await page.locator('html.loading').count()).toBe(0)
    }))
})

describe.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 390],
] as const)('in %s at %i px', (colorScheme, width) => {
  const parts = ['', '?tab=annotations', '?tab=modules', '?tab=raw', '?tab=debug', '?thread=all']

  it('has no accessibility violation and no sideways scrolling', () =>
    withPage(
      async (page) => {
        await page.goto(`${fleet.url}/signin`)
        await page.getByRole('button', { name: /investigator@example\.com/ }).click()
        for (const [name, rest] of [
          ...parts.map((part) => ['threads', part] as const),
          ...['', '?module=libcrashpre.so&id=ABC1'].map((rest) => ['symbols', rest] as const),
          ...['templates', 'panic', 'java', 'evil'].map((one) => [one, ''] as const),
        ]) {
          await page.goto(name === 'symbols' ? `${fleet.url}/symbols/${rest}` : address(name, rest))
          if (pictures !== undefined) {
            mkdirSync(pictures, { recursive: true })
            const file = `${name}${rest.replace(/\W+/g, '-')}-${colorScheme}-${width}.png`
            await page.screenshot({ path: path.join(pictures, file), fullPage: true })
          }
          await page.evaluate(axe)
          const violations = await page.evaluate(
            'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))',
          )
          expect(violations, `${name}${rest}`).toEqual([])
          const overflow = await page.evaluate(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          )
          expect(overflow, `${name}${rest}`).toBeLessThanOrEqual(0)
        }
      },
      { colorScheme, viewport: { width, height: 900 } },
    ))
})
