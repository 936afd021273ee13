import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { ANONYMOUS } from '#shared/auth/permissions.ts'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { createCrashId } from '#shared/crash-id.ts'
import { searchDocument } from '#shared/search/document.ts'
import { parseSearchQuery } from '#shared/search/query.ts'
import worker, { CrashPings, Search } from './index.ts'

const get = (path: string) => worker.fetch(new Request(`http://search${path}`), env)

describe('the Search entrypoint', () => {
  it('indexes, finds, misses and removes a crash of today', async () => {
    const search = new Search(createExecutionContext(), env)
    const nowMs = systemClock()
    const uuid = createCrashId(systemClock, systemRandomBytes)
    const parsed = parseSearchQuery(new URLSearchParams(`uuid=${uuid}`), ANONYMOUS, nowMs + 1000)
    if (parsed.kind === 'bad') throw new Error(parsed.message)
    expect(await search.missing([uuid])).toEqual([uuid])
    await search.index([searchDocument({ uuid, date_processed: new Date(nowMs).toISOString() }, nowMs)])
    expect(await search.query(parsed.query)).toMatchObject({ total: 1, hits: [{ uuid, product: null }], errors: [] })
    expect(await search.missing([uuid])).toEqual([])
    await search.remove([uuid])
    expect(await search.query(parsed.query)).toMatchObject({ total: 0, hits: [] })
  })
})

describe('the CrashPings entrypoint', () => {
  it('keeps pings and reports apart, even of one crash id, and counts a ping that comes again once', async () => {
    const [search, pings] = [Search, CrashPings].map((Entrypoint) => new Entrypoint(createExecutionContext(), env))
    const nowMs = systemClock()
    const uuid = createCrashId(systemClock, systemRandomBytes)
    const parsed = parseSearchQuery(new URLSearchParams(`uuid=${uuid}`), ANONYMOUS, nowMs + 1000)
    if (parsed.kind === 'bad' || search === undefined || pings === undefined) throw new Error('no query')
    const document = (signature: string) =>
      searchDocument({ uuid, date_processed: new Date(nowMs).toISOString(), signature }, nowMs)
    await pings.index([document('ping')])
    await pings.index([document('ping')])
    expect((await search.query(parsed.query)).total).toBe(0)
    expect(await pings.query(parsed.query)).toMatchObject({ total: 1, hits: [{ signature: 'ping' }] })
    await search.index([document('report')])
    expect(await search.query(parsed.query)).toMatchObject({ total: 1, hits: [{ signature: 'report' }] })
    expect(await pings.query(parsed.query)).toMatchObject({ total: 1, hits: [{ signature: 'ping' }] })
  })
})

describe('the heartbeat', () => {
  it('asks a shard', async () => {
    const response = await get('/__heartbeat__')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ errors: [], warnings: [] })
    expect((await get('/__lbheartbeat__')).status).toBe(200)
    expect((await get('/submit')).status).toBe(404)
  })

  it('is 503 when the shard does not answer', async () => {
    const broken = {
      SHARDS: new Proxy(env.SHARDS, {
        get: (target, name) =>
          name === 'getByName'
            ? () => {
                throw new Error('no shards')
              }
            : Reflect.get(target, name),
      }),
    }
    const response = await worker.fetch(new Request('http://search/__heartbeat__'), broken)
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ errors: [{ name: 'search shard' }] })
  })
})
