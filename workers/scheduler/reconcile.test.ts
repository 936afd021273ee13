import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, describe, expect, it } from 'vitest'
import { utcDay } from '#shared/clock.ts'
import { type CrashId, crashDay, createCrashId } from '#shared/crash-id.ts'
import { missingProcessedCrashes } from '#shared/db/missing-processed-crashes.ts'
import { RECONCILE_MIN_AGE_MS, RECONCILE_RESEND_MS } from '#shared/limits.ts'
import type { CrashMessage } from '#shared/messages.ts'
import type { CrashState } from '#shared/store/crash-store.ts'
import { reconcile } from './reconcile.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 0, 2)
const MINUTE_MS = 60_000
const PAGE = 2

/** A fleet of one list: crashes as they stand in storage, the ids in the index, and what was sent to the queue. */
function fleet() {
  const saved: { crashId: CrashId; savedAtMs: number; state: CrashState }[] = []
  const indexed = new Set<CrashId>()
  const sent: CrashId[] = []
  const at = { nowMs: NOW_MS, oldestMessage: null as Date | null, failSends: 0 }
  return {
    saved,
    indexed,
    sent,
    at,
    save(savedAtMs: number, state: CrashState = 'saved'): CrashId {
      const crashId = createCrashId(
        () => savedAtMs,
        (bytes) => crypto.getRandomValues(bytes),
      )
      saved.push({ crashId, savedAtMs, state })
      if (state === 'processed') indexed.add(crashId)
      return crashId
    },
    deps: {
      crashStore: {
        async listRawCrashes(day: string, cursor: string | null) {
          const crashes = saved.filter(({ crashId }) => crashDay(crashId) === day)
          const from = Number(cursor ?? 0)
          const next = from + PAGE
          return { crashes: crashes.slice(from, next), cursor: next < crashes.length ? String(next) : null }
        },
        states: async (ids: readonly CrashId[]) =>
          ids.map((id) => saved.find(({ crashId }) => crashId === id)?.state ?? 'saved'),
      },
      search: { missing: async (ids: readonly CrashId[]) => ids.filter((id) => !indexed.has(id)) },
      queue: {
        async sendBatch(messages: Iterable<{ body: CrashMessage }>) {
          if (at.failSends-- > 0) throw new Error('Queue is overloaded')
          for (const { body } of messages) sent.push(body.crash_id)
        },
        metrics: async () =>
          at.oldestMessage === null
            ? { backlogCount: 0 }
            : { backlogCount: 1, oldestMessageTimestamp: at.oldestMessage },
      },
      sent: missingProcessedCrashes(drizzle(env.DB)),
      clock: () => at.nowMs,
    },
  }
}

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS))

describe('reconcile', () => {
  it('sends what is saved and not processed, of today and of yesterday, over all pages', async () => {
    const { deps, save, sent } = fleet()
    const yesterday = Array.from({ length: 2 * PAGE + 1 }, () => save(NOW_MS - 10 * MINUTE_MS))
    expect(crashDay(yesterday[0] ?? save(0))).not.toBe(utcDay(NOW_MS))
    save(NOW_MS - 20 * MINUTE_MS, 'processed')
    expect(await reconcile(deps, false)).toEqual({ checked: 2 * PAGE + 2, missing: 2 * PAGE + 1, sent: 2 * PAGE + 1 })
    expect(sent.toSorted()).toEqual(yesterday.toSorted())
  })

  it('leaves a crash alone that is younger than five minutes, except at a start', async () => {
    const { deps, save, sent } = fleet()
    const young = save(NOW_MS - RECONCILE_MIN_AGE_MS + 1)
    expect((await reconcile(deps, false)).sent).toBe(0)
    expect((await reconcile(deps, true)).sent).toBe(1)
    expect(sent).toEqual([young])
  })

  it('leaves a crash alone that may still wait in the queue', async () => {
    const { deps, save, sent, at } = fleet()
    at.oldestMessage = new Date(NOW_MS - 30 * MINUTE_MS)
    save(NOW_MS - 20 * MINUTE_MS)
    const lost = save(NOW_MS - 40 * MINUTE_MS)
    await reconcile(deps, false)
    expect(sent).toEqual([lost])
  })

  it('sends one crash at most once an hour, and again after the hour', async () => {
    const { deps, save, sent, at } = fleet()
    const crashId = save(NOW_MS - 10 * MINUTE_MS)
    await reconcile(deps, false)
    at.nowMs += 5 * MINUTE_MS
    await reconcile(deps, false)
    expect(sent).toEqual([crashId])
    at.nowMs = NOW_MS + RECONCILE_RESEND_MS + 1
    await reconcile(deps, false)
    expect(sent).toEqual([crashId, crashId])
  })

  it('sends again at a start whatever was sent before: the queue did not survive', async () => {
    const { deps, save, sent } = fleet()
    const crashId = save(NOW_MS - 10 * MINUTE_MS)
    await reconcile(deps, false)
    await reconcile(deps, true)
    expect(sent).toEqual([crashId, crashId])
  })

  it('leaves dead letters alone, and sends a processed crash that the index lost', async () => {
    const { deps, save, sent, indexed } = fleet()
    save(NOW_MS - 10 * MINUTE_MS, 'failed')
    const unindexed = save(NOW_MS - 10 * MINUTE_MS, 'processed')
    indexed.clear()
    await reconcile(deps, false)
    expect(sent).toEqual([unindexed])
  })

  it('does not count a crash as sent when the send failed', async () => {
    const { deps, save, sent, at } = fleet()
    const crashId = save(NOW_MS - 10 * MINUTE_MS)
    at.failSends = 1
    await expect(reconcile(deps, false)).rejects.toThrow('overloaded')
    await reconcile(deps, false)
    expect(sent).toEqual([crashId])
  })

  it('closes its row once the crash is processed', async () => {
    const { deps, save, saved, indexed } = fleet()
    const crashId = save(NOW_MS - 10 * MINUTE_MS)
    await reconcile(deps, false)
    expect(await deps.sent.open(1_000)).toContain(crashId)
    const crash = saved.find((entry) => entry.crashId === crashId)
    if (crash !== undefined) crash.state = 'processed'
    indexed.add(crashId)
    await reconcile(deps, false)
    expect(await deps.sent.open(1_000)).not.toContain(crashId)
  })
})
