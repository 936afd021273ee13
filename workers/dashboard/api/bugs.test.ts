import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeEach, describe, expect, it } from 'vitest'
import { auditLog, bugAssociations, signatureChanges } from '#shared/db/schema.ts'
import { MAX_SIGNATURES_A_BUG } from '#shared/limits.ts'
import { dashboardRig, NOW_MS, ORIGIN } from '../dashboard-rig.ts'

let rig: Awaited<ReturnType<typeof dashboardRig>>
const db = drizzle(env.DB)

beforeEach(async () => {
  rig = await dashboardRig()
  for (const table of [bugAssociations, signatureChanges, auditLog]) await db.delete(table)
  await db.insert(bugAssociations).values([
    { bug_id: 999_999, signature: 'OOM | small' },
    { bug_id: 1_000_000, signature: 'OOM | large' },
    { bug_id: 1_000_000, signature: 'OOM | huge' },
    { bug_id: 5, signature: 'OOM | huge' },
  ])
})

const hits = async (path: string, init: RequestInit = {}) => (await rig.json(path, init)).body
const query = (name: string, ...values: readonly string[]) => new URLSearchParams(values.map((value) => [name, value]))

describe('/api/Bugs/', () => {
  it('W08: answers the bugs of a signature', async () => {
    expect(await hits(`/api/Bugs/?${query('signatures', 'OOM | small')}`)).toEqual({
      hits: [{ id: 999_999, signature: 'OOM | small' }],
      total: 1,
    })
    expect(await hits(`/api/Bugs/?${query('signatures', 'none of ours')}`)).toEqual({ hits: [], total: 0 })
  })

  it('W08: answers the other signatures of the same bugs, by id and signature', async () => {
    expect(await hits(`/api/Bugs/?${query('signatures', 'OOM | huge', 'OOM | small')}`)).toEqual({
      hits: [
        { id: 5, signature: 'OOM | huge' },
        { id: 999_999, signature: 'OOM | small' },
        { id: 1_000_000, signature: 'OOM | huge' },
        { id: 1_000_000, signature: 'OOM | large' },
      ],
      total: 4,
    })
  })

  it('W08: requires signatures', async () => {
    const { status, body } = await rig.json('/api/Bugs/?signatures=')
    expect([status, body]).toMatchObject([400, { errors: { signatures: ['This field is required.'] } }])
  })

  it('takes a form too', async () => {
    const init = { method: 'POST', body: query('signatures', 'OOM | small', 'x') }
    expect(await hits('/api/Bugs/', init)).toMatchObject({ total: 1 })
  })

  it('says of a bug that a signature has from an older one where it is from', async () => {
    const change = { old_signature: 'OOM | small', new_signature: 'OOM | tiny', crashes: 3, first_at: 1, last_at: 1 }
    await db.insert(signatureChanges).values(change)
    expect(await hits(`/api/Bugs/?${query('signatures', 'OOM | tiny')}`)).toEqual({
      hits: [
        { id: 999_999, signature: 'OOM | small' },
        { id: 999_999, signature: 'OOM | tiny', inherited_from: 'OOM | small' },
      ],
      total: 2,
    })
  })
})

describe('/api/SignaturesByBugs/', () => {
  it('answers the signatures of bugs in the same shape', async () => {
    expect(await hits(`/api/SignaturesByBugs/?${query('bug_ids', '1000000', '5', '5', '77')}`)).toEqual({
      hits: [
        { id: 5, signature: 'OOM | huge' },
        { id: 1_000_000, signature: 'OOM | huge' },
        { id: 1_000_000, signature: 'OOM | large' },
      ],
      total: 3,
    })
  })

  it.each(['', 'x', '-1', '1.0', '1e3', '9'.repeat(16), '0x1', '5%00'])('refuses the bug id %j', async (id) => {
    const { status, body } = await rig.json(`/api/SignaturesByBugs/?bug_ids=5&bug_ids=${id}`)
    if (id === '') expect(status).toBe(200)
    else expect([status, body]).toMatchObject([400, { errors: { bug_ids: [expect.any(String)] } }])
  })
})

describe('/api/BugLinks/', () => {
  const send = async (method: string, bugId: string, ...signatures: readonly string[]) => {
    const fields = new URLSearchParams([['bug_id', bugId], ...query('signatures', ...signatures)])
    const headers = await rig.token('link_bugs')
    return method === 'DELETE'
      ? rig.json(`/api/BugLinks/?${fields}`, { method, headers })
      : rig.json('/api/BugLinks/', { method, headers, body: fields })
  }
  const linked = async (bugId: string) => {
    const { hits: found } = await rig.deps.bugLinks.ofBugs([Number(bugId)]).then((links) => ({ hits: links }))
    return found.map(({ signature }) => signature)
  }
  const audited = () => db.select().from(auditLog).all()

  it('POST adds links, and answers all of the bug', async () => {
    const { status, body, headers } = await send('POST', '5', 'OOM | new', 'OOM | huge', 'OOM | new')
    expect([status, headers.get('Cache-Control')]).toEqual([200, 'private, no-store'])
    expect(body).toEqual({
      hits: [
        { id: 5, signature: 'OOM | huge' },
        { id: 5, signature: 'OOM | new' },
      ],
      total: 2,
    })
    expect(await hits(`/api/Bugs/?${query('signatures', 'OOM | new')}`)).toMatchObject({ total: 2 })
  })

  it('DELETE takes the given links away, and no others', async () => {
    expect((await send('DELETE', '1000000', 'OOM | huge', 'not linked')).body).toEqual({
      hits: [{ id: 1_000_000, signature: 'OOM | large' }],
      total: 1,
    })
    expect(await linked('5')).toEqual(['OOM | huge'])
  })

  it('PUT makes the links those of the tracker, none among them', async () => {
    await send('PUT', '1000000', 'OOM | large', 'OOM | other')
    expect(await linked('1000000')).toEqual(['OOM | large', 'OOM | other'])
    expect((await send('PUT', '1000000')).body).toEqual({ hits: [], total: 0 })
    expect(await linked('5')).toEqual(['OOM | huge'])
  })

  it('writes each change down, and nothing where nothing changes', async () => {
    await send('POST', '5', 'OOM | huge')
    await send('DELETE', '5', 'not linked')
    expect(await audited()).toEqual([])
    await send('PUT', '5', 'OOM | new')
    expect(await audited()).toMatchObject([
      {
        at: NOW_MS,
        email: 'owner@example.com',
        action: 'bug_links_changed',
        subject: 'bug 5',
        detail: { added: '["OOM | new"]', removed: '["OOM | huge"]' },
      },
    ])
  })

  it('changes nothing that cannot be written down', async () => {
    rig = await dashboardRig({ audit: { add: () => Promise.reject(new Error('D1 is down')) } })
    expect((await send('PUT', '5', 'OOM | new')).status).toBe(500)
    expect(await linked('5')).toEqual(['OOM | huge'])
  })

  it('is for link_bugs only, which investigators have', async () => {
    const init = { method: 'POST', body: new URLSearchParams({ bug_id: '5', signatures: 'x' }) }
    for (const headers of [
      {},
      await rig.token('view_pii', 'reprocess_crashes'),
      await rig.signIn('viewer@example.com'),
    ]) {
      const { status, body } = await rig.json('/api/BugLinks/', { ...init, headers })
      expect([status, body]).toEqual([403, { error: "Use of this endpoint requires the 'Link Bugs' permission" }])
    }
    const investigator = { ...(await rig.signIn('investigator@example.com')), Origin: ORIGIN }
    expect((await rig.json('/api/BugLinks/', { ...init, headers: investigator })).status).toBe(200)
  })

  it('names what is bad', async () => {
    expect((await send('POST', 'x', 'a')).body).toMatchObject({ errors: { bug_id: ['Enter a whole number.'] } })
    expect((await send('POST', '5')).body).toMatchObject({ errors: { signatures: ['This field is required.'] } })
    expect((await send('DELETE', '5')).status).toBe(400)
    const many = Array.from({ length: MAX_SIGNATURES_A_BUG + 1 }, (_, at) => `signature ${at}`)
    expect((await send('PUT', '5', ...many)).status).toBe(400)
    expect((await send('PUT', '5', ...many.slice(1))).body).toMatchObject({ total: MAX_SIGNATURES_A_BUG })
  })
})
