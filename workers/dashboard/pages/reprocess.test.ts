import { beforeEach, describe, expect, it } from 'vitest'
import { REPROCESS_WATCH_MS } from '#shared/limits.ts'
import { dashboardRig, NOW_MS, ORIGIN, type StoredCrash } from '../dashboard-rig.ts'
import { attributes, texts } from '../page-reading.ts'

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeEach(async () => {
  rig = await dashboardRig()
})

const isoTime = (atMs: number) => new Date(atMs).toISOString().replace('Z', '000+00:00')
const processedAt = (atMs: number, more: Record<string, unknown> = {}): StoredCrash => ({
  state: 'processed',
  processed: { signature: 'f', started_datetime: isoTime(atMs), ...more },
})

async function page(crashId: string, query = '', account = 'investigator@example.com') {
  const headers = account === '' ? {} : await rig.signIn(account)
  const response = await rig.fetch(`/report/index/${crashId}${query}`, { headers })
  expect(response.status).toBe(200)
  const html = await response.text()
  return { html, refresh: response.headers.get('Refresh'), notices: await texts(html, '.notice') }
}

async function press(crashId: string, ruleset: string, headers: Record<string, string>) {
  return rig.fetch(`/report/index/${crashId}/reprocess`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ ruleset }).toString(),
  })
}

describe('the Reprocess button', () => {
  it('queues the crash, and its page waits for the result without any script', async () => {
    const crashId = rig.keep(processedAt(NOW_MS - 60_000))
    const { html } = await page(crashId)
    expect(await attributes(html, 'form.reprocess', 'action')).toEqual([`/report/index/${crashId}/reprocess`])
    expect(await attributes(html, 'form.reprocess', 'method')).toEqual(['post'])
    const [all = '', signatureOnly = ''] = await attributes(html, 'form.reprocess button', 'value')

    const session = { ...(await rig.signIn('investigator@example.com')), Origin: ORIGIN }
    const pressed = await press(crashId, all, session)
    expect([pressed.status, pressed.headers.get('Location')]).toEqual([
      303,
      `/report/index/${crashId}?queued=${NOW_MS}`,
    ])
    await press(crashId, signatureOnly, session)
    expect(rig.reprocessed).toEqual([
      [crashId, 'default'],
      [crashId, 'regenerate_signature'],
    ])

    const waiting = await page(crashId, `?queued=${NOW_MS}`)
    expect(waiting.notices.join()).toContain('Reprocessing was queued at 2026-11-23 12:00:00 UTC')
    expect(waiting.refresh).toBe('5')
  })

  it('says when the crash is processed anew, and stops asking', async () => {
    const crashId = rig.keep(processedAt(NOW_MS + 2_000))
    rig.state.nowMs += 5_000
    const { notices, refresh } = await page(crashId, `?queued=${NOW_MS}`)
    expect(notices.join()).toContain('Processed anew at 2026-11-23 12:00:02 UTC, queued at 2026-11-23 12:00:00 UTC')
    expect(refresh).toBeNull()
  })

  it('stops asking after a while, and says so', async () => {
    const crashId = rig.keep(processedAt(NOW_MS - 60_000))
    rig.state.nowMs = NOW_MS + REPROCESS_WATCH_MS - 1
    expect((await page(crashId, `?queued=${NOW_MS}`)).refresh).toBe('5')
    rig.state.nowMs = NOW_MS + REPROCESS_WATCH_MS
    const { notices, refresh } = await page(crashId, `?queued=${NOW_MS}`)
    expect([notices.length, refresh]).toEqual([1, null])
    expect(notices.join()).toContain('not done yet')
  })

  it.each(['?queued=', '?queued=soon', '?queued=-1', '?queued=9999999999999', '?queued=1e12', '?queued=%3Cb%3E'])(
    'ignores %s',
    async (query) => {
      const { notices, refresh } = await page(rig.keep(processedAt(NOW_MS)), query)
      expect([notices, refresh]).toEqual([[], null])
    },
  )

  it('is on the page of a dead letter too, which says when it failed again', async () => {
    const crashId = rig.keep({ state: 'failed', reason: 'stackwalk_unreadable', failedAtMs: NOW_MS + 3_000 })
    const before = await page(crashId)
    expect(await attributes(before.html, 'form.reprocess button', 'value')).toEqual(['default'])
    rig.state.nowMs += 5_000
    const waiting = await page(crashId, `?queued=${NOW_MS + 4_000}`)
    expect([waiting.notices.join().startsWith('Reprocessing was queued'), waiting.refresh]).toEqual([true, '5'])
    const failed = await page(crashId, `?queued=${NOW_MS}`)
    expect(failed.notices.join()).toContain('it failed again at 2026-11-23 12:00:03 UTC')
    expect(failed.refresh).toBeNull()
  })

  it('is there for viewers with reprocess_crashes only, as is the wait', async () => {
    for (const crash of [processedAt(NOW_MS - 1), { state: 'failed', reason: 'x' } as const]) {
      const crashId = rig.keep(crash)
      for (const account of ['', 'viewer@example.com', 'uploader@example.com']) {
        const { html, notices, refresh } = await page(crashId, `?queued=${NOW_MS}`, account)
        expect([html.includes('/reprocess'), notices, refresh]).toEqual([false, [], null])
      }
      expect((await page(crashId, '', 'admin@example.com')).html).toContain('/reprocess')
    }
  })

  it('does nothing without the permission, from another site, or with nonsense', async () => {
    const crashId = rig.keep(processedAt(NOW_MS))
    const session = await rig.signIn('investigator@example.com')
    const viewer = await rig.signIn('viewer@example.com')
    const ours = { ...session, Origin: ORIGIN }
    const statuses = [
      await press(crashId, 'default', { ...session, Origin: 'https://evil.example' }),
      await press(crashId, 'default', session),
      await press(crashId, 'default', { ...viewer, Origin: ORIGIN }),
      // Asked for before the form is read.
      await press(crashId, 'everything', { ...viewer, Origin: ORIGIN }),
      await press(crashId, 'default', { Origin: ORIGIN }),
      await press(crashId, 'everything', ours),
      await press(crashId, '', ours),
      await press('nonsense', 'default', ours),
    ].map(({ status }) => status)
    expect(statuses).toEqual([403, 403, 403, 403, 403, 400, 400, 400])
    expect(rig.reprocessed).toEqual([])
  })

  it('says that a part of Mayday does not answer when the crash could not be queued', async () => {
    const reprocess = () => Promise.reject(new Error('Queue is overloaded'))
    rig = await dashboardRig({ crashStore: { ...rig.deps.crashStore, reprocess } })
    const session = { ...(await rig.signIn('investigator@example.com')), Origin: ORIGIN }
    const response = await press(rig.unknownId(), 'default', session)
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('overloaded')
  })
})

describe('the earlier signatures of a crash', () => {
  it('are shown to everybody: what it was, since when, and what changed it', async () => {
    const signature_history = [
      { signature: 'b<T>', started_datetime: isoTime(NOW_MS - 60_000), changed_by: ['signature_lists', 'stackwalk'] },
      { signature: 'a', changed_by: ['unheard_of'] },
      'nonsense',
      { signature: 7 },
    ]
    const { html } = await page(rig.keep(processedAt(NOW_MS, { signature_history })), '', '')
    expect(await texts(html, '.earlier-signatures li')).toEqual([
      'was: b<T>, signed 2026-11-23 11:59:00 UTC, changed by other signature lists and another stackwalk, such as with new symbols',
      'was: a',
    ])
    expect(await attributes(html, '.earlier-signatures a', 'href')).toEqual([
      '/search/?signature=%3Db%3CT%3E',
      '/search/?signature=%3Da',
    ])
  })

  it('take no room where there are none', async () => {
    const { html } = await page(rig.keep(processedAt(NOW_MS)), '', '')
    expect(html).not.toContain('earlier-signatures')
  })
})
