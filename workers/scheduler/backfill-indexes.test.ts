import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { jobStatesIn } from '#shared/db/job-states.ts'
import { jobs } from '#shared/db/schema.ts'
import { BACKFILL_FILES_A_RUN, BACKFILL_PAGES_A_RUN, BACKFILL_PAUSE_MS } from '#shared/limits.ts'
import type { UnindexedPage } from '#shared/symbols/unindexed.ts'
import { backfillIndexes } from './backfill-indexes.ts'

const db = drizzle(env.DB)
const states = jobStatesIn(db)

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
})
beforeEach(async () => {
  await db.delete(jobs)
})

/** A store of `pages` pages with `filesAPage` unindexed files each, and a queue. */
function world(pages: number, filesAPage: number) {
  const asked: (string | null)[] = []
  const sent: string[] = []
  let nowMs = 1_000_000
  let backlogCount = 0
  let isQueueDown = false
  const run = () =>
    backfillIndexes({
      symbols: {
        async unindexed(after): Promise<UnindexedPage> {
          asked.push(after)
          const page = after === null ? 0 : Number(after)
          const object_keys = Array.from({ length: filesAPage }, (_, at) => `v1/m${page}/${at}/m.sym`)
          return { object_keys, next: page + 1 < pages ? String(page + 1) : null }
        },
      },
      queue: {
        metrics: async () => ({ backlogCount }),
        async sendBatch(messages) {
          if (isQueueDown) throw new Error('queue is down')
          for (const { body } of messages) sent.push(body.object_key)
        },
      },
      states,
      clock: () => nowMs,
    })
  return {
    ...{ asked, sent, run },
    passMs: (ms: number) => {
      nowMs += ms
    },
    setBacklog: (count: number) => {
      backlogCount = count
    },
    setQueueDown: (isDown: boolean) => {
      isQueueDown = isDown
    },
  }
}

describe('the backfill of indexes', () => {
  it('goes through the store a few pages a run, from where it stopped, each file once', async () => {
    const { run, sent, asked } = world(BACKFILL_PAGES_A_RUN + 3, 2)
    expect(await run()).toEqual({ pages: BACKFILL_PAGES_A_RUN, sent: 2 * BACKFILL_PAGES_A_RUN, waits: false })
    expect(await run()).toEqual({ pages: 3, sent: 6, waits: false })
    expect(asked).toEqual([null, ...Array.from({ length: BACKFILL_PAGES_A_RUN + 2 }, (_, at) => String(at + 1))])
    expect(new Set(sent).size).toBe(2 * (BACKFILL_PAGES_A_RUN + 3))
  })

  it('rests a day when it was through, and begins anew then', async () => {
    const { run, asked, passMs } = world(1, 1)
    await run()
    passMs(BACKFILL_PAUSE_MS - 1)
    expect(await run()).toEqual({ pages: 0, sent: 0, waits: true })
    passMs(1)
    expect(await run()).toEqual({ pages: 1, sent: 1, waits: false })
    expect(asked).toEqual([null, null])
  })

  it('begins anew at once when the format of the index rose, or its state cannot be read', async () => {
    const { run, asked } = world(2, 1)
    await run()
    for (const state of [{ version: -1, after: '1', done_at: 999_999 }, { hello: 'world' }]) {
      await states.write('backfill_indexes', JSON.stringify(state), 0)
      asked.length = 0
      expect((await run()).pages).toBe(2)
      expect(asked).toEqual([null, '1'])
    }
    await states.write('backfill_indexes', 'no JSON', 0)
    expect((await run()).pages).toBe(2)
  })

  it('sends a bounded number a run, and none while the indexer has enough to do', async () => {
    const { run, sent, setBacklog } = world(100, 400)
    await run()
    expect(sent).toHaveLength(1_200)
    expect(sent.length).toBeGreaterThanOrEqual(BACKFILL_FILES_A_RUN)
    setBacklog(BACKFILL_FILES_A_RUN)
    expect(await run()).toMatchObject({ waits: true })
    expect(sent).toHaveLength(1_200)
  })

  it('that could not send a page sends it again', async () => {
    const { run, asked, sent, setQueueDown } = world(2, 1)
    setQueueDown(true)
    await expect(run()).rejects.toThrow('queue is down')
    setQueueDown(false)
    expect(await run()).toMatchObject({ pages: 2, sent: 2 })
    expect([asked, sent.length]).toEqual([[null, null, '1'], 2])
  })
})
