/**
 * The real crashstats-tools, unmodified, against a whole fleet: what they print and store is what a user of Crash Stats has. Skipped where they are not
 * installed, with the reason.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../support/fleet.ts'
import { findPeer } from '../support/peers.ts'
import { dumpPath } from '../support/reference.ts'
import { crashIdOf, getJson, processedCrash, submit, waitFor } from '../support/report.ts'
import { type RequestLog, startRequestLog } from '../support/request-log.ts'

const peer = findPeer('supersearch')
if (peer.kind === 'missing') console.log(`SKIPPED crashstats-tools: ${peer.why}`)
const programs = peer.kind === 'installed' ? path.dirname(peer.program) : ''

const run = promisify(execFile)
const CLIENT_DEADLINE_MS = 60_000
/** Three pages of 1,000 (specs/webapp.md W26); by default two, because a fleet on two cores takes some 30 crashes a second. */
const CRASHES = process.env.MAYDAY_TEST_SIZE === 'full' ? 2_500 : 1_020
const BETAS = Math.ceil(CRASHES / 10)
/** Reports under way at once: each is a request, a queue message and a row. */
const SENDERS = 12
/** A busy machine of two cores takes 30 crashes a second; messages that a reload of the fleet lost come again after 5 minutes. */
const MANY_SECONDS = 420

let fleet: Fleet
let log: RequestLog
let folder: string
/** The one crash with dumps. */
let crashId: string
const tokens = { all: '', none: '' }

/** Runs one of the programs against the fleet, through the log. */
async function tool(name: string, args: readonly string[], token: string | null = null) {
  const environment = { ...process.env, COLUMNS: '200', NO_COLOR: '1' }
  const options = {
    timeout: CLIENT_DEADLINE_MS,
    maxBuffer: 64_000_000,
    cwd: folder,
    env: token === null ? environment : { ...environment, CRASHSTATS_API_TOKEN: token },
  }
  log.taken()
  const child = run(path.join(programs, name), [`--host=${log.url}`, ...args], options)
  // Some of them read standard input where it is open.
  child.child.stdin?.end()
  const { stdout } = await child
  return stdout
}

const lines = (text: string) => text.trimEnd().split('\n')
const WOLF = '--product=WaterWolf'

/** A thin report: a name, two versions, two channels, no dump. */
function report(serial: number): Promise<unknown> {
  return submit(fleet.url, {
    ProductName: 'NightTrain',
    Version: serial % 2 === 0 ? '1.0' : '2.0',
    ReleaseChannel: serial % 10 === 0 ? 'beta' : 'release',
    CrashTime: String(1_790_000_000 + serial),
  })
}

async function sendMany(): Promise<void> {
  let next = 0
  const sender = async () => {
    while (next < CRASHES) await report(next++)
  }
  await Promise.all(Array.from({ length: SENDERS }, sender))
}

const total = async (query: string) =>
  (await getJson(`${fleet.url}/api/SuperSearch/?_results_number=0&${query}`)).json.total

describe.skipIf(peer.kind === 'missing')('crashstats-tools', () => {
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'mayday-crashstats-tools-'))
    fleet = await startFleet({ empty: true })
    log = await startRequestLog(fleet.url)
    tokens.all = await createToken(fleet, ['view_pii', 'view_rawdump', 'reprocess_crashes'])
    tokens.none = await createToken(fleet, [])
    const bytes = readFileSync(dumpPath('null_chain'))
    const said = await submit(fleet.url, {
      ProductName: 'WaterWolf',
      Version: '1.0',
      Comments: 'what I was doing',
      upload_file_minidump: { bytes },
      upload_file_minidump_browser: { bytes: readFileSync(dumpPath('jump_null')) },
    })
    crashId = crashIdOf(said)
    await processedCrash(fleet.url, crashId)
  })
  afterAll(async () => {
    await log?.stop()
    await fleet?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  describe('supersearch', () => {
    it('prints crash ids', async () => {
      expect(lines(await tool('supersearch', [WOLF]))).toEqual([crashId])
      expect(log.taken()).toMatchObject([{ method: 'GET', status: 200 }])
    })

    const columns = ['--_columns=uuid', '--_columns=product', '--_columns=version', '--headers']
    it.each([
      ['tab', (id: string) => ['uuid\tproduct\tversion', `${id}\tWaterWolf\t1.0`]],
      ['csv', (id: string) => ['uuid,product,version', `${id},WaterWolf,1.0`]],
      ['markdown', (id: string) => ['uuid | product | version', '---- | ------- | -------', `${id} | WaterWolf | 1.0`]],
    ])('prints columns as %s', async (format, expected) => {
      const shown = lines(await tool('supersearch', [WOLF, ...columns, `--format=${format}`]))
      expect(shown.map((line) => line.trimEnd())).toEqual(expected(crashId))
    })

    it('prints texts as json and as a table', async () => {
      const json = JSON.parse(await tool('supersearch', [WOLF, ...columns, '--format=json']))
      expect(json).toEqual([{ uuid: crashId, product: 'WaterWolf', version: '1.0' }])
      const table = await tool('supersearch', [WOLF, ...columns, '--format=table'])
      expect(table).toMatch(new RegExp(`${crashId} +│ WaterWolf +│ 1\\.0|${crashId} +. WaterWolf +. 1\\.0`))
    })

    it('takes an address of our search page', async () => {
      const page = `${log.url}/search/?product=WaterWolf&_columns=product&version=1.0`
      expect(lines(await tool('supersearch', [`--supersearch-url=${page}`]))).toEqual(['WaterWolf'])
    })

    it('prints a protected column with view_pii, and says that there is no data without', async () => {
      const asked = [WOLF, '--_columns=user_comments']
      expect(lines(await tool('supersearch', asked, tokens.all))).toEqual(['what I was doing'])
      for (const token of [null, tokens.none]) {
        await expect(tool('supersearch', asked, token)).rejects.toMatchObject({
          stderr: expect.stringContaining('user_comments: no data'),
        })
      }
    })

    it('reads what is wrong with a query, and with a token', async () => {
      await expect(tool('supersearch', ['--date=>=2016-01-01'])).rejects.toMatchObject({
        stderr: expect.stringContaining('HTTP 400: Bad request: BadArgumentError'),
      })
      await expect(tool('supersearch', [WOLF], 'f'.repeat(64))).rejects.toMatchObject({
        stderr: expect.stringContaining('HTTP 403: API Token not matched'),
      })
    })

    it('gets the query itself with _return_query', async () => {
      expect(await tool('supersearch', [WOLF, '--_return_query=1'], tokens.none)).toContain('WaterWolf')
    })

    it('W26: waits as long as a 429 says, and goes on', async () => {
      log.taken()
      log.refuseNext(1)
      const startedAtMs = Date.now()
      expect(lines(await tool('supersearch', [WOLF]))).toEqual([crashId])
      expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(1_000)
      expect(log.taken().map(({ status }) => status)).toEqual([429, 200])
    })
  })

  describe('fetch-data', () => {
    const file = (...parts: readonly string[]) => path.join(folder, 'crashdata', ...parts)

    it('W26: stores raw crash, processed crash and every dump, by a token that may see them', async () => {
      const printed = await tool('fetch-data', ['--raw', '--dumps', '--processed', 'crashdata', crashId], tokens.all)
      expect(printed).toContain('Completed in')
      const day = `20${crashId.slice(-6)}`
      expect(JSON.parse(readFileSync(file('raw_crash', day, crashId), 'utf8'))).toMatchObject({
        uuid: crashId,
        ProductName: 'WaterWolf',
        Comments: 'what I was doing',
      })
      expect(JSON.parse(readFileSync(file('processed_crash', crashId), 'utf8'))).toMatchObject({
        uuid: crashId,
        user_comments: 'what I was doing',
      })
      const names = JSON.parse(readFileSync(file('dump_names', crashId), 'utf8'))
      expect([...names].sort()).toEqual(['upload_file_minidump', 'upload_file_minidump_browser'])
      const dump = (name: string) => readFileSync(file(name, crashId))
      expect(dump('upload_file_minidump').equals(readFileSync(dumpPath('null_chain')))).toBe(true)
      expect(dump('upload_file_minidump_browser').equals(readFileSync(dumpPath('jump_null')))).toBe(true)
    })

    it('stores public data for everybody', async () => {
      await tool('fetch-data', ['--raw', '--processed', 'public', crashId])
      const stored = readdirSync(path.join(folder, 'public'), { recursive: true, encoding: 'utf8' })
      const text = stored
        .filter((name) => name.endsWith(crashId))
        .map((name) => readFileSync(path.join(folder, 'public', name), 'utf8'))
      expect(text).toHaveLength(2)
      expect(text.join()).toContain('WaterWolf')
      expect(text.join()).not.toContain('what I was doing')
    })

    it('is told of a crash that is not there, and goes on with the next', async () => {
      const unknown = `${crashId.slice(0, 8)}-0000-4000-8000-000000${crashId.slice(-6)}`
      await expect(tool('fetch-data', ['none', unknown])).rejects.toMatchObject({
        stderr: expect.stringContaining('404'),
      })
    })
  })

  describe('reprocess', () => {
    it('has a crash processed again', async () => {
      const before = await processedCrash(fleet.url, crashId)
      const printed = await tool('reprocess', [`bp-${crashId}`], tokens.all)
      expect(printed).toContain('Done!')
      expect(printed).not.toContain('non-200')
      await waitFor('the crash processed again', 60, async () => {
        const after = await processedCrash(fleet.url, crashId)
        return after.started_datetime === before.started_datetime ? undefined : after
      })
    })

    it('names a ruleset, and reads a refusal', async () => {
      await tool('reprocess', ['--ruleset=regenerate_signature', crashId], tokens.all)
      expect(log.taken()).toMatchObject([{ method: 'POST', status: 200 }])
      await expect(tool('reprocess', [crashId], tokens.none)).rejects.toMatchObject({
        stderr: expect.stringContaining("Use of this endpoint requires the 'Reprocess Crashes' permission"),
      })
    })
  })

  describe(`with ${CRASHES} crashes`, () => {
    beforeAll(async () => {
      await sendMany()
      await waitFor('the crashes in the index', MANY_SECONDS, async () =>
        (await total('product=NightTrain')) === CRASHES ? true : undefined,
      )
    }, MANY_SECONDS * 1_000)

    it('W26: supersearch --num=all pages through them by 1,000, each once', async () => {
      const ids = lines(await tool('supersearch', ['--product=NightTrain', '--num=all']))
      expect(new Set(ids).size).toBe(CRASHES)
      expect(ids).toHaveLength(CRASHES)
      const pages = log
        .taken()
        .map(({ url: { searchParams } }) => [
          searchParams.get('_results_offset'),
          searchParams.get('_results_number'),
          searchParams.get('_facets_size'),
        ])
      const offsets = Array.from({ length: Math.ceil(CRASHES / 1_000) }, (_, page) => page * 1_000)
      expect(pages).toEqual(offsets.map((offset) => [String(offset), String(Math.min(1_000, CRASHES - offset)), '0']))
    })

    const facet = async (...args: readonly string[]) => lines(await tool('supersearchfacet', ['--format=tab', ...args]))

    it('supersearchfacet counts terms', async () => {
      expect(await facet('--product=NightTrain', '--_facets=version')).toEqual([
        'version',
        'version\tcount',
        `1.0\t${CRASHES / 2}`,
        `2.0\t${CRASHES / 2}`,
        `total\t${CRASHES}`,
      ])
    })

    it('supersearchfacet counts distinct values', async () => {
      expect((await facet('--product=NightTrain', '--_facets=_cardinality.version')).join(' ')).toMatch(
        /cardinality_version.*\b2\b/,
      )
    })

    it('supersearchfacet counts by day, with the day alone', async () => {
      const shown = await facet('--_histogram.date=product', '--relative-range=2d')
      const day = `20${crashId.slice(-6, -4)}-${crashId.slice(-4, -2)}-${crashId.slice(-2)}`
      expect(shown.join('\n')).toContain('histogram_date')
      expect(shown.some((line) => line.startsWith(day) && line.includes(String(CRASHES)))).toBe(true)
    })

    it('supersearchfacet counts one field by another', async () => {
      const shown = await facet('--product=NightTrain', '--_aggs.version=release_channel')
      expect(shown).toEqual(
        expect.arrayContaining([
          `1.0 / release\t${CRASHES / 2 - BETAS}`,
          `1.0 / beta\t${BETAS}`,
          `2.0 / release\t${CRASHES / 2}`,
        ]),
      )
    })

    it.each(['table', 'csv', 'markdown', 'json', 'raw'])('supersearchfacet prints %s', async (format) => {
      const text = await tool('supersearchfacet', [`--format=${format}`, '--product=NightTrain', '--_facets=product'])
      expect(text).toContain('NightTrain')
      expect(text).toContain(String(CRASHES))
    })
  })
})
