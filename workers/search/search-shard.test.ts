import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { MAX_CHUNK_DOCUMENTS, MAX_RPC_BYTES } from '#shared/limits.ts'
import { decodeColumn } from '#shared/search/columns/decode.ts'
import type { SearchDocument } from '#shared/search/search-rpc.ts'
import { documentOf, idOf, queryOf } from './search-rig.ts'
import type { SearchShard } from './search-shard.ts'

const freshShard = () => env.SHARDS.getByName(crypto.randomUUID())
type Stub = ReturnType<typeof freshShard>

const documents = (from: number, to: number, startedAtMs = 1) =>
  Array.from({ length: to - from }, (_, n) =>
    documentOf(from + n, startedAtMs, { signature: `s${(from + n) % 10}`, uptime: from + n }),
  )

const ids = (list: readonly SearchDocument[]) => list.map(({ crash_id }) => crash_id)

/** What a query sees: how many crashes, and how many of each signature. */
async function seen(stub: Stub, search = ''): Promise<{ total: number; signatures: Record<string, number> }> {
  const { partial } = await stub.query(queryOf(`${search}&_facets=signature&_results_number=0`), MAX_RPC_BYTES)
  const { signature } = partial.facets
  if (signature?.kind !== 'terms') throw new Error('no terms')
  const counts = signature.terms.map((term, n): [string, number] => [String(term), signature.counts[n] ?? 0])
  return { total: partial.total, signatures: Object.fromEntries(counts.sort()) }
}

const inside = <T>(stub: Stub, work: (sql: SqlStorage, shard: SearchShard) => T | Promise<T>): Promise<T> =>
  runInDurableObject(stub, (shard, { storage }) => work(storage.sql, shard))

const countOf = (stub: Stub, table: string) =>
  inside(stub, (sql) => sql.exec<{ n: number }>(`select count(*) as n from ${table}`).one().n)

describe('sealing', () => {
  it.each([
    [MAX_CHUNK_DOCUMENTS - 1, 0, MAX_CHUNK_DOCUMENTS - 1],
    [MAX_CHUNK_DOCUMENTS, 1, 0],
    [MAX_CHUNK_DOCUMENTS + 1, 1, 1],
  ])('of %i documents makes %i chunks and leaves %i open, and every one is found', async (count, chunks, open) => {
    const stub = freshShard()
    const all = documents(0, count)
    await stub.index(all)
    expect(await countOf(stub, 'chunks')).toBe(chunks)
    expect(await countOf(stub, `open_documents where chunk = ${chunks}`)).toBe(open)
    const before = await seen(stub)
    expect(before.total).toBe(count)
    expect(Object.values(before.signatures).reduce((sum, n) => sum + n)).toBe(count)
    expect(await seen(stub, `uptime=>=${count - 2}`)).toMatchObject({ total: 2 })
    expect(await stub.missing(ids(all))).toEqual([])
    const { hits } = await stub.hits([idOf('261118', count - 1), idOf('261118', 0)], ['uptime', 'reason'], 1_000)
    expect(hits.map(({ hit }) => hit)).toEqual([
      { uptime: count - 1, reason: null },
      { uptime: 0, reason: null },
    ])
    await evictDurableObject(stub)
    expect(await seen(stub)).toEqual(before)
  })

  it('comes before a chunk is full when its documents are large', async () => {
    const stub = freshShard()
    await stub.resize({ documents: 100, bytes: 2_000_000 })
    const large = (serial: number) => documentOf(serial, 1, { signature: `${serial}${'x'.repeat(300_000)}` })
    for (let serial = 0; serial < 10; serial++) await stub.index([large(serial)])
    expect(await countOf(stub, 'chunks')).toBe(1)
    expect((await seen(stub)).total).toBe(10)
  })

  it('splits a column that is larger than a row can be', async () => {
    const stub = freshShard()
    const noise = () => String.fromCharCode(...Array.from({ length: 30_000 }, () => 40_000 + Math.random() * 20_000))
    const texts = Array.from({ length: 45 }, noise)
    await stub.index(texts.map((signature, n) => documentOf(n, 1, { signature })))
    await stub.seal()
    expect(await countOf(stub, `columns where field = 'signature' and part > 0`)).toBeGreaterThan(0)
    await evictDurableObject(stub)
    const { hits } = await stub.hits([idOf('261118', 7)], ['signature'], 1_000_000)
    expect(hits).toMatchObject([{ hit: { signature: texts[7] } }])
  })
})

describe('what a document costs', () => {
  it('is two rows written, one by one, its part of the sealing included', async () => {
    const stub = freshShard()
    await stub.index(documents(0, 1))
    await stub.resize({ documents: 500, bytes: 1_000_000 })
    const rows = await inside(stub, (sql, shard) => {
      let written = 0
      const exec = sql.exec.bind(sql)
      sql.exec = <Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: unknown[]) => {
        const cursor = exec<Row>(query, ...bindings)
        written += cursor.rowsWritten
        return cursor
      }
      for (const document of documents(1, 1_001)) shard.index([document])
      const first = written
      for (const document of documents(1, 501, 2)) shard.index([document])
      return [first / 1_000, (written - first) / 500]
    })
    expect(await countOf(stub, 'chunks')).toBe(3)
    expect(rows[0]).toBeGreaterThan(1.9)
    expect(rows[0]).toBeLessThan(2.1)
    // Processed again: the row of the chunk where it was dead is written too.
    expect(rows[1]).toBeLessThan(3.1)
  })
})

describe('a crash that is processed again', () => {
  const once = documentOf(3, 1, { signature: 'old', product: 'WaterWolf' })
  const again = documentOf(3, 2, { signature: 'new', reason: 'SIGSEGV' })

  it.each([
    ['open', false, false],
    ['sealed', true, false],
    ['sealed, and sealed again', true, true],
  ])('while it is %s is one crash with the new values alone', async (_, sealsBefore, sealsAfter) => {
    const stub = freshShard()
    await stub.index([...documents(0, 3), once, ...documents(4, 6)])
    if (sealsBefore) await stub.seal()
    await stub.index([again])
    if (sealsAfter) await stub.seal()
    expect(await seen(stub)).toEqual({ total: 6, signatures: { new: 1, s0: 1, s1: 1, s2: 1, s4: 1, s5: 1 } })
    expect(await seen(stub, 'product=WaterWolf')).toMatchObject({ total: 0 })
    const { hits } = await stub.hits([once.crash_id], ['signature', 'product', 'reason'], 1_000)
    expect(hits.map(({ hit }) => hit)).toEqual([{ signature: 'new', product: null, reason: 'SIGSEGV' }])
    await stub.index([once])
    expect((await seen(stub)).signatures).toMatchObject({ new: 1 })
  })

  it('fills a field that its chunk never had', async () => {
    const stub = freshShard()
    await stub.index(documents(0, 4))
    await stub.seal()
    expect(await seen(stub, 'channel_of_ours=beta&reason=__null__')).toMatchObject({ total: 4 })
    await stub.index(documents(0, 2).map((document) => ({ ...document, values: { ...document.values, reason: 'r' } })))
    expect(await seen(stub, 'reason=__null__')).toMatchObject({ total: 2 })
    expect(await seen(stub, 'reason=r')).toMatchObject({ total: 2 })
  })
})

describe('a crash that is removed', () => {
  const secret = documentOf(2, 5, { signature: 'secret', user_comments: 'canary' })

  /** Every text in the shard's tables, with the columns decoded. */
  const everything = (stub: Stub) =>
    inside(stub, (sql) => {
      const open = sql.exec<{ field_values: ArrayBuffer }>('select field_values from open_documents').toArray()
      const blobs = sql.exec<{ data: ArrayBuffer }>('select data from columns').toArray()
      const columns = blobs.map(({ data }) => decodeColumn(new Uint8Array(data)).values)
      const texts = open.map(({ field_values }) => new TextDecoder().decode(field_values))
      return [...texts, ...columns.flatMap((values) => (values.kind === 'values' ? values.values : []))].join('\n')
    })

  it.each([
    ['open', false],
    ['sealed', true],
  ])(
    'while it is %s stays away from its own processing and earlier ones, and comes back by a later one',
    async (_, isSealed) => {
      const stub = freshShard()
      await stub.index([...documents(0, 2), secret])
      if (isSealed) await stub.seal()
      await stub.remove([secret.crash_id])
      await stub.index([secret, { ...secret, started_at_ms: 1 }, { ...secret, started_at_ms: 6 }])
      await evictDurableObject(stub)
      expect(await seen(stub)).toEqual({ total: 2, signatures: { s0: 1, s1: 1 } })
      expect(await stub.missing([secret.crash_id])).toEqual([secret.crash_id])
      expect((await stub.hits([secret.crash_id], ['signature'], 1_000)).hits).toEqual([])
      const later = { ...secret, started_at_ms: Date.now() + 3_600_000 }
      await stub.index([later])
      expect(await seen(stub)).toMatchObject({ total: 3 })
      await stub.remove([secret.crash_id])
      await stub.index([later])
      expect(await seen(stub)).toMatchObject({ total: 2 })
    },
  )

  it('before it was ever indexed stays away too: its processing is on the way', async () => {
    const stub = freshShard()
    await stub.remove([secret.crash_id])
    await stub.index([secret])
    expect(await stub.missing([secret.crash_id])).toEqual([secret.crash_id])
  })

  it('leaves nothing of its values, of any of its processings, after the next steps', async () => {
    const stub = freshShard()
    await stub.index([...documents(0, 2), { ...secret, started_at_ms: 1 }])
    await stub.seal()
    await stub.index([secret])
    await stub.seal()
    await stub.index(documents(3, 5))
    await stub.remove([secret.crash_id])
    expect(await everything(stub)).toContain('canary')
    while (await runDurableObjectAlarm(stub));
    expect(await everything(stub)).not.toContain('canary')
    expect(await everything(stub)).toContain('s1')
    expect(await seen(stub)).toEqual({ total: 4, signatures: { s0: 1, s1: 1, s3: 1, s4: 1 } })
  })
})

describe('a shard', () => {
  it('that nobody wrote stays without tables, whatever is asked of it', async () => {
    const stub = freshShard()
    expect(await seen(stub)).toEqual({ total: 0, signatures: {} })
    expect(await stub.missing([idOf('261118')])).toEqual([idOf('261118')])
    expect((await stub.hits([idOf('261118')], ['uuid'], 1_000)).hits).toEqual([])
    expect(await stub.splits(null)).toBeNull()
    await stub.ping()
    const tables = await inside(stub, (sql) => sql.exec('select name from sqlite_master').toArray())
    expect(tables).toEqual([])
  })

  it('tells which of many thousands are missing', async () => {
    const stub = freshShard()
    await stub.index(documents(0, 3))
    const asked = Array.from({ length: 25_000 }, (_, serial) => idOf('261118', serial))
    expect(await stub.missing(asked)).toEqual(asked.slice(3))
  })

  it('keeps what it had when a write fails half way', async () => {
    const stub = freshShard()
    await stub.index(documents(0, 3))
    const broken: SearchDocument = { ...documentOf(9, 1, {}), crash_id: idOf('261118', 9) }
    await expect(
      inside(stub, (_, shard) =>
        shard.index([
          ...documents(3, 6),
          {
            ...broken,
            values: Object.assign(
              Object.create({
                toJSON() {
                  throw new Error('broken for the test')
                },
              }),
              {},
            ),
          },
        ]),
      ),
    ).rejects.toThrow('broken for the test')
    expect(await seen(stub)).toMatchObject({ total: 3 })
    await stub.index(documents(3, 5))
    expect(await seen(stub)).toMatchObject({ total: 5 })
  })
})

describe('a shard of an older release', () => {
  /** As version 1 of the schema kept documents. */
  async function oldShard(count: number): Promise<Stub> {
    const stub = freshShard()
    await inside(stub, (sql) => {
      sql.exec('create table schema_version (version integer not null) strict')
      sql.exec('insert into schema_version (version) values (1)')
      sql.exec(
        'create table documents (crash_id text not null unique, started_at_ms integer not null, date text not null, field_values text not null) strict',
      )
      sql.exec('create index documents_by_date on documents (date)')
      sql.exec('create table elsewhere (week text primary key) strict, without rowid')
      for (const { crash_id, started_at_ms, values } of documents(0, count)) {
        sql.exec(
          'insert into documents (crash_id, started_at_ms, date, field_values) values (?, ?, ?, ?)',
          ...[crash_id, started_at_ms, String(values.date), JSON.stringify(values)],
        )
      }
    })
    await evictDurableObject(stub)
    return stub
  }

  const hasOldTable = (stub: Stub) =>
    inside(stub, (sql) => sql.exec(`select 1 from sqlite_master where name = 'documents'`).toArray().length > 0)

  it('answers in full before, in and after its rebuild, which goes on by itself', async () => {
    const stub = await oldShard(2_500)
    const before = await seen(stub)
    expect(before.total).toBe(2_500)
    expect(await stub.missing(ids(documents(0, 2_501)))).toEqual([idOf('261118', 2_500)])
    expect((await stub.hits([idOf('261118', 17)], ['uptime'], 1_000)).hits).toMatchObject([{ hit: { uptime: 17 } }])
    expect(await runDurableObjectAlarm(stub)).toBe(true)
    expect(await hasOldTable(stub)).toBe(true)
    expect(await seen(stub)).toEqual(before)
    await evictDurableObject(stub)
    expect(await seen(stub)).toEqual(before)
    while (await runDurableObjectAlarm(stub));
    expect(await hasOldTable(stub)).toBe(false)
    expect(await seen(stub)).toEqual(before)
    expect(await stub.missing(ids(documents(0, 2_501)))).toEqual([idOf('261118', 2_500)])
  })

  it('takes new processings and removals of crashes that are still rows', async () => {
    const stub = await oldShard(10)
    await stub.index([documentOf(1, 2, { signature: 'new' }), documentOf(2, 0, { signature: 'older' })])
    await stub.remove([idOf('261118', 3)])
    expect(await seen(stub)).toMatchObject({ total: 9, signatures: { new: 1, s2: 1 } })
    while (await runDurableObjectAlarm(stub));
    expect(await seen(stub)).toEqual({
      total: 9,
      signatures: { new: 1, s0: 1, s2: 1, s4: 1, s5: 1, s6: 1, s7: 1, s8: 1, s9: 1 },
    })
  })
})
