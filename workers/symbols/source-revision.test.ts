import { SELF } from 'cloudflare:test'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { revisionKey, symbolRevisions } from '#shared/db/symbol-revisions.ts'
import { makeZip } from '#shared/symbols/testing/make-zip.ts'
import { db, emptyStore, ID, lastUpload, setUpUploader, sym, uploadRequest } from './testing/upload-client.ts'
import { md5, V2Client } from './testing/upload-v2-client.ts'

let token: string
beforeAll(async () => {
  token = await setUpUploader()
})
beforeEach(emptyStore)

async function uploadAs(revision: string | null, debugFile: string, more = '') {
  const request = uploadRequest(token, makeZip([{ name: `${debugFile}/${ID}/x.sym`, data: sym(debugFile, more) }]))
  if (revision !== null) request.headers.set('Source-Revision', revision)
  const response = await SELF.fetch(request)
  await response.text()
  expect(response.status).toBe(201)
}

describe('the revision that an uploader states', () => {
  it('is kept with a zip, and found by module in any case of its id; the newest counts', async () => {
    await uploadAs('abc123', 'one')
    await uploadAs(null, 'two')
    await uploadAs('def456', 'one', 'PUBLIC 1000 0 a\n')
    const one = { debugFile: 'one', debugId: ID.toLowerCase() }
    const found = await symbolRevisions(db).of([
      one,
      { debugFile: 'two', debugId: ID },
      { debugFile: 'x', debugId: '1' },
    ])
    expect(found).toEqual(new Map([[revisionKey(one), 'def456']]))
    expect(await symbolRevisions(db).of([])).toEqual(new Map())
  })

  it('is kept with an upload in parts', async () => {
    const data = sym('parts')
    const manifest = { files: [{ key: `parts/${ID}/parts.sym`, size: data.length, md5_hash: md5(data) }] }
    const headers = { 'Source-Revision': 'release/1.2' }
    const { status } = await new V2Client(token).send('POST', '/upload/v2/', JSON.stringify(manifest), headers)
    expect([status, (await lastUpload())?.source_revision]).toEqual([201, 'release/1.2'])
  })

  it.each(['', ' ', 'a b', '<script>', 'x'.repeat(201)])('is none where the header says %j', async (revision) => {
    await uploadAs(revision, 'odd')
    expect((await lastUpload())?.source_revision).toBeNull()
  })
})
