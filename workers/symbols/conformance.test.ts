import { applyD1Migrations, SELF } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, describe, it } from 'vitest'
import { createToken } from '#shared/auth/token.ts'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { rows, type SymbolServer } from '../../test/conformance/symbols/cases.ts'
import { downloadRows } from '../../test/conformance/symbols/download-rows.ts'
import { partialRows } from '../../test/conformance/symbols/partial-rows.ts'
import { uploadRows } from '../../test/conformance/symbols/upload-rows.ts'

/** The HTTP rows of test/conformance/symbols inside workerd: the same Worker without a gateway in front. */
const server: SymbolServer = {
  fetch: (path, init) => SELF.fetch(`http://symbols.test${path}`, init),
  async token(permission) {
    const created = await createToken('uploader@example.com', [permission], systemClock, systemRandomBytes)
    if (created.kind !== 'created') throw new Error(created.kind)
    await tokenRepository(drizzle(env.DB)).add(created.stored)
    return created.token
  },
}

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
})

describe('symbol upload and download', () => {
  it.each(rows)('$id: $name', async (row) => row.run(server))

  it.each(uploadRows)('$id: $name', async (row) => row.run(server))
  it.each(downloadRows)('$id: $name', async (row) => row.run(server))
  it.each(partialRows)('$id: $name', async (row) => row.run(server))
})
