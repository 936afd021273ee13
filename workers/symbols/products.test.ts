import { SELF } from 'cloudflare:test'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Permission } from '#shared/auth/permissions.ts'
import { createToken } from '#shared/auth/token.ts'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { auditLog, symbolOwners, uploadFiles, uploads } from '#shared/db/schema.ts'
import { symbolOwnersIn } from '#shared/db/symbol-owners.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { parseSymbolKey, type SymbolKey } from '#shared/symbols/key.ts'
import { makeZip } from '#shared/symbols/testing/make-zip.ts'
import { db, emptyStore, ID, setUpUploader, sym, upload, utf8 } from './testing/upload-client.ts'

const LIBC = '0A1B2C3D4E5F60718293A4B5C6D7E8F90'
const XUL_SYM = `xul.pdb/${ID}/xul.sym`
let uploader: string

beforeAll(async () => {
  uploader = await setUpUploader()
})
beforeEach(async () => {
  await emptyStore()
  for (const table of [uploads, uploadFiles, symbolOwners, auditLog]) await db.delete(table)
})

async function token(permissions: readonly Permission[], email: string, product: string) {
  const created = await createToken(email, permissions, systemClock, systemRandomBytes, product)
  if (created.kind !== 'created') throw new Error(created.kind)
  await tokenRepository(db).add(created.stored)
  return created.token
}

const zipOf = (files: Readonly<Record<string, Uint8Array>>) =>
  makeZip(Object.entries(files).map(([name, data]) => ({ name, data })))
const xulZip = () => zipOf({ [XUL_SYM]: sym('xul.pdb', 'FUNC 0 1 0 f\n0 1 7 0\nSTACK CFI INIT 0 1 x\n') })

function keyOf(text: string): SymbolKey {
  const key = parseSymbolKey(text)
  if (key === null) throw new Error(`${text} is no key`)
  return key
}

const uploaderOf = (product: string | null, uploadId: number, trySymbols = false) => ({
  uploadId,
  email: 'a@example.com',
  product,
  isAdmin: false,
  trySymbols,
})

describe('products', () => {
  it('own what they upload first: another product’s content is refused a file, the rest of its zip is stored', async () => {
    const [fox, bird] = [
      await token(['upload_symbols'], 'fox@example.com', 'Fox'),
      await token(['upload_symbols'], 'bird@example.com', 'Bird'),
    ]
    const other = `bird.so/${LIBC}/bird.so.sym`
    expect((await upload(fox, xulZip())).status).toBe(201)
    const poisoned = await upload(
      bird,
      zipOf({ [XUL_SYM]: sym('xul.pdb', 'PUBLIC 0 0 evil\n'), [other]: sym('bird.so') }),
    )
    expect(poisoned.body.upload).toMatchObject({ refused_keys: [XUL_SYM], skipped_keys: [] })
    expect(await (await SELF.fetch(`http://symbols.test/${XUL_SYM}`)).text()).not.toContain('evil')
    expect((await SELF.fetch(`http://symbols.test/${other}`)).status).toBe(200)
    // Another file under the same debug id is the owner's too; the same content is nobody's loss.
    const pdb = await upload(bird, zipOf({ [`xul.pdb/${ID}/xul.pdb`]: utf8('evil') }))
    expect(pdb.body.upload).toMatchObject({ refused_keys: [`xul.pdb/${ID}/xul.pdb`] })
    expect((await upload(bird, xulZip())).body.upload).toMatchObject({ skipped_keys: [XUL_SYM] })
    expect(await db.select().from(auditLog).all()).toEqual([])
  })

  it('an administrator, the deployment and the owner may replace, and each leaves an audit entry', async () => {
    const fox = await token(['upload_symbols'], 'fox@example.com', 'Fox')
    await upload(fox, xulZip())
    const others = [
      [fox, 'fox@example.com'],
      [await token(['admin', 'upload_symbols'], 'admin@example.com', 'Bird'), 'admin@example.com'],
      [uploader, 'uploader@example.com'],
    ] as const
    for (const [sent, email] of others) {
      const { body } = await upload(sent, zipOf({ [XUL_SYM]: sym('xul.pdb', `PUBLIC 0 0 ${email}\n`) }))
      expect(body.upload).not.toHaveProperty('refused_keys')
      const entry = (await db.select().from(auditLog).all()).at(-1)
      expect(entry).toMatchObject({ email, action: 'symbol_overwrite', subject: `v1/${XUL_SYM}` })
      expect(entry?.detail).toMatchObject({
        upload_id: body.upload.id,
        md5_before: expect.stringMatching(/^[0-9a-f]{32}$/),
        md5_after: expect.stringMatching(/^[0-9a-f]{32}$/),
      })
    }
    expect(await db.select().from(auditLog).all()).toHaveLength(3)
    expect(await db.select().from(symbolOwners).all()).toMatchObject([{ product: 'Fox', debug_file: 'xul.pdb' }])
  })
})

describe('the owners of debug ids', () => {
  it('are one each, however many ask at once and for however many keys', async () => {
    const keys = Array.from({ length: 2_500 }, (_, n) => keyOf(`lib${n}.so/${n.toString(16)}/lib${n}.so.sym`))
    const owners = symbolOwnersIn(db, 0)
    const claims = await Promise.all(
      ['Fox', 'Bird', 'Fox'].map((product, n) => owners.claim(uploaderOf(product, n), keys)),
    )
    for (const key of keys) {
      const [fox, bird, foxAgain] = claims.map((decisions) => decisions.get(key)?.kind)
      expect([fox, foxAgain]).toEqual(bird === 'granted' ? ['refused', 'refused'] : ['granted', 'granted'])
    }
    expect(await db.select().from(symbolOwners).all()).toHaveLength(2_500)
  })

  it('of try symbols are others than of regular ones, and an id counts in any case', async () => {
    const owners = symbolOwnersIn(db, 0)
    const [upper, lower] = [keyOf('a.so/AB1/a.so.sym'), keyOf('a.so/ab1/a.so')]
    await owners.claim(uploaderOf('Fox', 1), [upper])
    expect((await owners.claim(uploaderOf('Bird', 2), [lower])).get(lower)).toEqual({
      kind: 'refused',
      reason: 'owned_by_other_product',
    })
    expect((await owners.claim(uploaderOf('Bird', 2, true), [lower])).get(lower)).toEqual({ kind: 'granted' })
  })
})

describe('the quota of a product', () => {
  it('counts each stored file once, as it is now, of this product alone', async () => {
    const fox = await token(['upload_symbols'], 'fox@example.com', 'Fox')
    await upload(fox, zipOf({ [`a.so/${ID}/a.so`]: utf8('x'.repeat(1_000)) }))
    await upload(fox, zipOf({ [`a.so/${ID}/a.so`]: utf8('y'.repeat(400)) }))
    await upload(uploader, zipOf({ [`b.so/${ID}/b.so`]: utf8('z'.repeat(5_000)) }))
    const quotaOf = (product: string | null, bytes: number) => symbolOwnersIn(db, 500).quota(product, bytes)
    expect(await quotaOf('Fox', 100)).toEqual({ kind: 'within' })
    expect(await quotaOf('Fox', 101)).toMatchObject({
      kind: 'exceeded',
      text: expect.stringContaining('Fox has 400 bytes'),
    })
    expect(await quotaOf('Bird', 500)).toEqual({ kind: 'within' })
    expect(await quotaOf(null, 1_000_000)).toEqual({ kind: 'within' })
    expect(await symbolOwnersIn(db, 0).quota('Fox', 1_000_000)).toEqual({ kind: 'within' })
  })
})
