import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { ANONYMOUS, type Viewer } from '#shared/auth/permissions.ts'
import { systemRandomBytes } from '#shared/clock.ts'
import { crashDay, createCrashId } from '#shared/crash-id.ts'
import { rawCrashJson } from '#shared/raw-crash.ts'
import { dumpKey, processedCrashKey, rawCrashKey } from '#shared/store/crash-keys.ts'
import { isSaved } from '#shared/store/crash-states.ts'
import { CrashStore } from './crash-store.ts'

const INVESTIGATOR: Viewer = { email: 'i@example.com', permissions: ['view_pii', 'view_rawdump'] }
const newId = (day = 23) => createCrashId(() => Date.UTC(2026, 10, day), systemRandomBytes)

function crashStore(): CrashStore {
  return Reflect.construct(CrashStore, [createExecutionContext(), env])
}

async function save(crashId = newId()) {
  const json = rawCrashJson({
    annotations: { ProductName: 'WaterWolf', Comments: 'canary' },
    uuid: crashId,
    submitted_timestamp: '2026-11-23T01:02:03+00:00',
    metadata: { collector_notes: [], dump_checksums: { upload_file_minidump: 'abc' } },
  })
  await env.CRASHES.put(dumpKey(crashId, 'upload_file_minidump'), 'MDMP')
  await env.CRASHES.put(rawCrashKey(crashId), json)
  return crashId
}

describe('CrashStore', () => {
  it('says where a crash stands: unknown, pending, failed, found', async () => {
    const store = crashStore()
    const crashId = newId()
    expect(await store.readProcessed(crashId, ANONYMOUS)).toEqual({ kind: 'unknown' })
    expect(await store.readRaw(crashId, ANONYMOUS)).toEqual({ kind: 'unknown' })
    await save(crashId)
    expect(await store.readProcessed(crashId, ANONYMOUS)).toEqual({ kind: 'pending' })
    expect(await store.states([crashId])).toEqual(['saved'])
    await store.recordFailure(crashId, 'stackwalk_unreadable')
    expect(await store.readProcessed(crashId, ANONYMOUS)).toEqual({
      kind: 'failed',
      reason: 'stackwalk_unreadable',
      failedAtMs: expect.any(Number),
    })
    expect(await store.states([crashId])).toEqual(['failed'])
    await env.CRASHES.put(
      processedCrashKey(crashId),
      JSON.stringify({ uuid: crashId, signature: 'a', user_comments: 'canary' }),
    )
    const reading = await store.readProcessed(crashId, ANONYMOUS)
    if (reading.kind !== 'found') throw new Error(reading.kind)
    expect(await new Response(reading.json).json()).toEqual({ uuid: crashId, signature: 'a' })
    expect(await store.states([newId(), crashId])).toEqual(['saved', 'processed'])
  })

  it('shows protected annotations to viewers with view_pii only', async () => {
    const store = crashStore()
    const crashId = await save()
    const texts = []
    for (const viewer of [ANONYMOUS, INVESTIGATOR]) {
      const reading = await store.readRaw(crashId, viewer)
      if (reading.kind !== 'found') throw new Error(reading.kind)
      texts.push(await new Response(reading.json).text())
    }
    expect(texts[0]).not.toContain('canary')
    expect(texts[0]).toContain('WaterWolf')
    expect(texts[1]).toContain('canary')
  })

  it('gives a dump to viewers with view_rawdump, under the names that the report has', async () => {
    const store = crashStore()
    const crashId = await save()
    await env.CRASHES.put(processedCrashKey(crashId), '{"user_comments":"canary"}')
    expect(await store.dump(crashId, 'upload_file_minidump', ANONYMOUS)).toEqual({ kind: 'forbidden' })
    const reading = await store.dump(crashId, 'upload_file_minidump', INVESTIGATOR)
    if (reading.kind !== 'found') throw new Error(reading.kind)
    expect(reading.bytes).toBe(4)
    expect(await new Response(reading.body).text()).toBe('MDMP')
    for (const name of ['processed_crash', 'memory_report', '../x', '__proto__']) {
      expect(await store.dump(crashId, name, INVESTIGATOR)).toEqual({ kind: 'unknown' })
    }
  })

  it('tells nobody without view_rawdump whether a crash or a dump is there', async () => {
    expect(await crashStore().dump(newId(), 'upload_file_minidump', ANONYMOUS)).toEqual({ kind: 'forbidden' })
  })

  it('lists the raw crashes of one day, page by page', async () => {
    const store = crashStore()
    const wanted = [await save(newId(11)), await save(newId(11))].sort()
    await save(newId(12))
    const [first] = wanted
    if (first === undefined) throw new Error('none')
    const page = await store.listRawCrashes(crashDay(first), null)
    expect(page.crashes.map(({ crashId }) => crashId)).toEqual(wanted)
    expect(page.crashes.every(({ savedAtMs }) => savedAtMs > 0)).toBe(true)
    expect(page.cursor).toBeNull()
  })

  it('does not bring back a crash that retention removed', async () => {
    const store = crashStore()
    const crashId = newId()
    await store.recordFailure(crashId, 'stackwalk_unreadable')
    expect(await isSaved(env.CRASHES, crashId)).toBe(false)
    expect(await store.readProcessed(crashId, ANONYMOUS)).toEqual({ kind: 'unknown' })
  })
})
