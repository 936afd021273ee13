import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeEach, describe, expect, it } from 'vitest'
import type { CrashId } from '#shared/crash-id.ts'
import { accessLog } from '#shared/db/schema.ts'
import { ACCESS_LOG_PAGE_ROWS } from '#shared/limits.ts'
import { dashboardRig, NOW_MS } from '../dashboard-rig.ts'
import { attributes, texts } from '../page-reading.ts'

let rig: Awaited<ReturnType<typeof dashboardRig>>
let crashId: CrashId
beforeEach(async () => {
  rig = await dashboardRig()
  crashId = rig.unknownId()
  await drizzle(env.DB).delete(accessLog)
  const seen = { atMs: NOW_MS, tokenId: null, crashId: null, detail: '' } as const
  const add = rig.deps.accessLog.add
  await add({ ...seen, email: 'ada@example.com', what: 'protected_values', crashId })
  await add({ ...seen, email: 'bob@example.com', what: 'dump', crashId, detail: '<b>dump</b>', tokenId: '0a1b2c3d' })
  await add({ ...seen, email: 'ada@example.com', what: 'search', detail: 'remote_type url' })
})

async function shown(query: string, account = 'admin@example.com') {
  const response = await rig.fetch(`/access-log${query}`, { headers: await rig.signIn(account) })
  const page = await response.text()
  return { status: response.status, page, cells: await texts(page, 'tbody td') }
}
/** Who and what of each row. */
const whoWhat = ({ cells }: { cells: readonly string[] }) =>
  Array.from({ length: cells.length / 5 }, (_, at) => [cells[at * 5 + 1], cells[at * 5 + 3]])

describe('/access-log', () => {
  it('shows administrators who saw what, newest first, as text', async () => {
    const log = await shown('')
    expect(whoWhat(log)).toEqual([
      ['ada@example.com', 'search by protected fields: remote_type url'],
      ['bob@example.com', 'dump: <b>dump</b>'],
      ['ada@example.com', 'protected values'],
    ])
    expect(log.cells).toEqual(expect.arrayContaining(['2026-11-23 12:00:00', '0a1b2c3d…', crashId]))
  })

  it('finds by person and by crash id', async () => {
    expect(whoWhat(await shown('?email=BOB@example.com'))).toHaveLength(1)
    expect(whoWhat(await shown(`?crash_id=${crashId.toUpperCase()}`))).toHaveLength(2)
    expect(whoWhat(await shown(`?crash_id=${crashId}&email=ada@example.com`))).toEqual([
      ['ada@example.com', 'protected values'],
    ])
    const none = await shown("?email=nobody'--")
    expect([none.status, none.cells]).toEqual([200, []])
    expect(none.page).toContain('Nothing like that was seen.')
  })

  it('has pages', async () => {
    const entry = { atMs: NOW_MS + 1, email: 'c@example.com', tokenId: null, what: 'search', crashId: null } as const
    for (let at = 0; at < ACCESS_LOG_PAGE_ROWS - 3; at++) await rig.deps.accessLog.add({ ...entry, detail: String(at) })
    expect(await attributes((await shown('')).page, 'nav.paging a', 'href')).toEqual([])
    await rig.deps.accessLog.add({ ...entry, detail: 'one more' })
    const first = await shown('')
    expect(whoWhat(first)).toHaveLength(ACCESS_LOG_PAGE_ROWS)
    expect(await attributes(first.page, 'nav.paging a', 'href')).toEqual(['/access-log?page=2'])
    const second = await shown('?page=2')
    expect(whoWhat(second)).toEqual([['ada@example.com', 'protected values']])
    expect(await attributes(second.page, 'nav.paging a', 'href')).toEqual(['/access-log?'])
  })

  it('is closed to everybody else', async () => {
    for (const account of ['viewer', 'investigator', 'uploader']) {
      const closed = await shown('', `${account}@example.com`)
      expect([closed.status, closed.page.includes('ada@example.com')]).toEqual([403, false])
    }
    expect((await rig.fetch('/access-log')).status).toBe(403)
  })
})
