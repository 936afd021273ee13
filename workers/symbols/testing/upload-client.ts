import { applyD1Migrations, SELF } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { asc, desc, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { createToken } from '#shared/auth/token.ts'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { uploadFiles, uploads } from '#shared/db/schema.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { concat } from '#shared/symbols/testing/make-zip.ts'

/** What the upload tests share: an uploader, its requests, and a look at what lies in R2 and D1 afterwards. */

export const db = drizzle(env.DB)
export const ID = '44E4EC8C2F41492B9369D6B9A059577C2'

export const utf8 = (text: string) => new TextEncoder().encode(text)
export const sym = (debugFile: string, more = '') =>
  utf8(`MODULE windows x86_64 ${ID} ${debugFile}\nINFO CODE_ID 5c0ffee ${debugFile}.dll\n${more}`)

/** Lays the tables and answers a token with `upload_symbols`. */
export async function setUpUploader(): Promise<string> {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  const created = await createToken('uploader@example.com', ['upload_symbols'], systemClock, systemRandomBytes)
  if (created.kind !== 'created') throw new Error(created.kind)
  await tokenRepository(db).add(created.stored)
  return created.token
}

/** A POST /upload/ of one zip. */
export function uploadRequest(token: string, zip: Uint8Array): Request {
  const head = utf8('--b\r\nContent-Disposition: form-data; name="symbols.zip"; filename="symbols.zip"\r\n\r\n')
  return new Request('http://symbols.test/upload/', {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=b', 'Auth-Token': token },
    body: concat([head, zip, utf8('\r\n--b--\r\n')]),
  })
}

export interface UploadBodyJson {
  readonly upload: { readonly id: number; readonly completed_at: string | null }
  readonly error: string
}

export async function upload(token: string, zip: Uint8Array) {
  const response = await SELF.fetch(uploadRequest(token, zip))
  return { status: response.status, body: await response.json<UploadBodyJson>() }
}

/** The keys in the bucket, without the indexes that lie beside sym files. */
export async function storedKeys(): Promise<readonly string[]> {
  return (await allKeys()).filter((key) => !key.endsWith('index'))
}

async function allKeys(): Promise<readonly string[]> {
  return (await env.SYMBOLS.list()).objects.map((object) => object.key)
}

export async function emptyStore(): Promise<void> {
  for (const key of await allKeys()) await env.SYMBOLS.delete(key)
}

export function rowsOf(uploadId: number) {
  return db.select().from(uploadFiles).where(eq(uploadFiles.upload_id, uploadId)).orderBy(asc(uploadFiles.key)).all()
}

export async function lastUpload() {
  return (await db.select().from(uploads).orderBy(desc(uploads.id)).limit(1).all()).at(0)
}
