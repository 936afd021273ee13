import { readFileSync } from 'node:fs'
import path from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../../support/fleet.ts'
import { processedCrash, submit, uploadZip, waitFor } from '../../support/report.ts'
import { newId, sym } from './cases.ts'

/** The books of the symbol server over HTTP through the gateway (specs/symbols.md 4), with tokens of several people and products. */
let fleet: Fleet
const tokens = { ann: '', bob: '', all: '', fox: '', bird: '' }

beforeAll(async () => {
  fleet = await startFleet({ empty: true })
  tokens.ann = await createToken(fleet, ['upload_symbols'], 'ann@example.com')
  tokens.bob = await createToken(fleet, ['upload_try_symbols'], 'bob@example.com')
  tokens.all = await createToken(fleet, ['view_all_uploads'], 'chief@example.com')
  tokens.fox = await createToken(fleet, ['upload_symbols'], 'fox@example.com', 'Fox')
  tokens.bird = await createToken(fleet, ['upload_symbols'], 'bird@example.com', 'Bird')
})
afterAll(async () => {
  await fleet.stop()
})

async function get(route: string, token: string | null = null) {
  const headers = token === null ? {} : { 'Auth-Token': token }
  const response = await fetch(`${fleet.url}${route}`, { headers, signal: AbortSignal.timeout(30_000) })
  const text = await response.text()
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json') === true
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : null }
}

async function upload(token: string, files: Readonly<Record<string, Uint8Array>>) {
  const { status, text } = await uploadZip(fleet.url, token, zipSync(files))
  return { status, upload: JSON.parse(text).upload }
}

describe('the books of symbol uploads', () => {
  it('missing symbols: a 404 is listed with its requests, in JSON and CSV, until the sym file is uploaded', async () => {
    const id = newId()
    expect((await get(`/lib miss.so/${id}/lib miss.so.sym`)).status).toBe(404)
    const listed = await waitFor('the miss', 30, async () => {
      const { body } = await get('/api/uploads/missing-symbols/?module=lib%20miss')
      return body.missing_symbols[0]
    })
    expect(listed).toMatchObject({
      debug_file: 'lib miss.so',
      debug_id: id,
      crashes: 0,
      requests: 1,
      resolved_at: null,
    })
    const csv = await get('/api/uploads/missing-symbols.csv')
    expect(csv.text).toContain(`\r\nlib miss.so,${id},,,0,1,`)
    await upload(tokens.ann, { [`lib miss.so/${id}/lib miss.so.sym`]: sym('lib miss.so', id) })
    expect((await get('/api/uploads/missing-symbols/?module=lib%20miss')).body.missing_symbols).toEqual([])
    const resolved = await get('/api/uploads/missing-symbols/?state=resolved&module=lib%20miss')
    expect(resolved.body.missing_symbols).toMatchObject([
      { debug_id: id, requests: 1, resolved_at: expect.any(String) },
    ])
  })

  it('uploads: one’s own, everybody’s with view_all_uploads, filtered and ordered', async () => {
    const id = newId()
    await upload(tokens.ann, { [`a.so/${id}/a.so.sym`]: sym('a.so', id) })
    const { upload: newest } = await upload(tokens.bob, {
      [`b.so/${id}/b.so.sym`]: sym('b.so', id),
      'x-symbols.txt': strToU8('x'),
    })
    expect((await get('/api/uploads/')).body).toEqual({
      error: 'This requires an Auth-Token to authenticate the request',
    })
    const bob = (await get('/api/uploads/', tokens.bob)).body
    expect(bob).toMatchObject({ can_view_all: false, total: 1, has_next: false, batch_size: 20 })
    expect(bob.uploads).toMatchObject([{ id: newest.id, user: 'bob@example.com', try_symbols: true, files_count: 1 }])
    const all = (await get('/api/uploads/', tokens.all)).body
    expect(all).toMatchObject({ can_view_all: true, order_by: { sort: 'created_at', reverse: true } })
    expect(all.uploads[0].id).toBe(newest.id)
    const users = async (query: string) =>
      new Set((await get(`/api/uploads/?${query}`, tokens.all)).body.uploads.map(({ user }: { user: string }) => user))
    expect(await users('user=bob&created_at=today&completed_at=today&size=%3E1b,%3C1mb')).toEqual(
      new Set(['bob@example.com']),
    )
    expect(await users('user=!bob')).not.toContain('bob@example.com')
    expect(await users('created_at=%3C2020-01-01')).toEqual(new Set())
    expect((await get('/api/uploads/?size=huge', tokens.all)).body.errors.size).toHaveLength(1)
  })

  it('one upload: its files with the health of them, for its uploader and who may see all', async () => {
    const id = newId()
    const { upload: made } = await upload(tokens.ann, {
      [`a.so/${id}/a.so.sym`]: sym('a.so', id, 'STACK CFI INIT 0 1 x\n'),
    })
    const route = `/api/uploads/upload/${made.id}`
    const { status, body } = await get(route, tokens.ann)
    expect([status, body.upload.completed_at === null, body.upload.failed_reason]).toEqual([200, false, null])
    expect(body.upload.file_uploads).toMatchObject([
      {
        key: expect.stringContaining(`a.so/${id}/a.so.sym`),
        debug_filename: 'a.so',
        debug_id: id,
        health: { functions: 1, lines: 1, inlines: 0, publics: 0, cfi: 1, win: 0, warnings: [] },
      },
    ])
    const stranger = await get(route, tokens.bob)
    expect([stranger.status, stranger.body]).toEqual([403, { error: 'Insufficient access to view this upload' }])
    const file = await get(`/api/uploads/files/file/${body.upload.file_uploads[0].id}`, tokens.all)
    expect((await get(new URL(file.body.file.url).pathname)).status).toBe(200)
    const files = await get(`/api/uploads/files/?key=${id},.sym&upload_type=regular`, tokens.all)
    expect(files.body.files).toHaveLength(1)
  })

  it('BUG stats permission: view_all_uploads sees everybody’s uploads', async () => {
    const own = (await get('/api/stats/', tokens.bob)).body.stats.uploads
    const all = (await get('/api/stats/', tokens.all)).body.stats.uploads
    expect([own.all_uploads, all.all_uploads]).toEqual([false, true])
    expect(own.today).toMatchObject({ count: 1 })
    expect(all.today.count).toBeGreaterThan(own.today.count)
    expect(all.last_30_days.total_size).toBeGreaterThanOrEqual(all.today.total_size)
  })

  it('BUG syminfo url: it has .sym for a module that is no .pdb, and downloads', async () => {
    const id = newId()
    await upload(tokens.ann, { [`libxul.so/${id}/libxul.so.sym`]: sym('libxul.so', id) })
    const { status, headers, body } = await get(`/api/syminfo/libxul.so/${id.toLowerCase()}`)
    expect([status, headers.get('Access-Control-Allow-Origin')]).toEqual([200, '*'])
    expect(body).toMatchObject({ debug_filename: 'libxul.so', debug_id: id, code_id: 'AB12' })
    expect(body.url).toBe(`${fleet.url}/libxul.so/${id}/libxul.so.sym`)
    expect((await get(new URL(body.url).pathname)).text).toContain(`MODULE Linux x86_64 ${id} libxul.so`)
    const none = await get(`/api/syminfo/libxul.so/${newId()}`)
    expect([none.status, none.text]).toEqual([404, 'Code file / id Not Found'])
  })

  it('symbol poisoning: another product cannot replace what a product uploaded first', async () => {
    const id = newId()
    const key = `fox.so/${id}/fox.so.sym`
    await upload(tokens.fox, { [key]: sym('fox.so', id) })
    const { status, upload: poisoned } = await upload(tokens.bird, { [key]: sym('fox.so', id, 'PUBLIC 9 0 evil\n') })
    expect([status, poisoned.refused_keys]).toEqual([201, [key]])
    expect((await get(`/${key}`)).text).not.toContain('evil')
    const mended = await upload(tokens.fox, { [key]: sym('fox.so', id, 'PUBLIC 9 0 better\n') })
    expect(mended.upload.refused_keys).toBeUndefined()
    expect((await get(`/${key}`)).text).toContain('better')
  })

  it('missing symbols: modules that a real crash had no symbols for are counted from the search index', async () => {
    const dump = readFileSync(path.resolve(import.meta.dirname, '../../fixtures/crashes/dumps/null_chain.dmp'))
    for (const serial of ['1', '2']) {
      const said = await submit(fleet.url, {
        ProductName: 'WaterWolf',
        Version: '1.0',
        Serial: serial,
        CrashTime: serial,
        upload_file_minidump: { bytes: dump },
      })
      await processedCrash(fleet.url, said.text.trim().replace('CrashID=bp-', ''))
    }
    // At its start a fleet runs the jobs at once; otherwise they run every fifth minute.
    fleet = await fleet.restart()
    const row = await waitFor('the crashes', 60, async () => {
      const { body } = await get('/api/uploads/missing-symbols/?module=null_chain')
      return body.missing_symbols.find(({ crashes }: { crashes: number }) => crashes === 2)
    })
    expect(row).toMatchObject({
      debug_id: 'F49225E21D4B88C1624374BBA355E5B50',
      code_file: 'null_chain',
      resolved_at: null,
    })
  })
})
