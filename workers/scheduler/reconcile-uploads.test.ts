import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, describe, expect, it } from 'vitest'
import { uploadRepository } from '#shared/db/uploads.ts'
import { RECONCILE_RESEND_MS } from '#shared/limits.ts'
import { reconcileUploads } from './reconcile-uploads.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 12)
const uploads = uploadRepository(drizzle(env.DB))

const NEW_UPLOAD = {
  ...{ email: 'a@example.com', product: null, isAdmin: false },
  ...{ kind: 'zip' as const, filename: 'symbols.zip', downloadedFrom: null },
}

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS))

async function received(createdAtMs: number): Promise<number> {
  const id = await uploads.begin({ ...NEW_UPLOAD, createdAtMs })
  await uploads.received(id, { sizeBytes: 1, trySymbols: false })
  return id
}

/** One run at `nowMs`; answers the uploads that it sent. */
async function run(nowMs: number, anyAge = false): Promise<number[]> {
  const sent: number[] = []
  const send = async ({ upload_id }: { upload_id: number }) => sent.push(upload_id)
  await reconcileUploads({ uploads, queue: { send }, clock: () => nowMs }, anyAge)
  return sent
}

describe('reconcile of symbol uploads', () => {
  it('sends what is received and not settled, at most once an hour, and at a start at once', async () => {
    const lost = await received(NOW_MS - RECONCILE_RESEND_MS - 1)
    const young = await received(NOW_MS - 1)
    const settled = await received(0)
    await uploads.complete(settled, {
      skippedKeys: [],
      refusedKeys: [],
      ignoredKeys: [],
      contentHash: '',
      completedAtMs: 1,
    })
    const failed = await received(0)
    await uploads.fail(failed, 'File is not a zip file')
    // Its body is still on its way.
    await uploads.begin({ ...NEW_UPLOAD, createdAtMs: 0 })

    expect(await run(NOW_MS)).toEqual([lost])
    expect(await run(NOW_MS + 1)).toEqual([])
    expect(await run(NOW_MS + 2, true)).toEqual([lost, young])
    expect(await run(NOW_MS + 3 + RECONCILE_RESEND_MS)).toEqual([lost, young])
  })
})
