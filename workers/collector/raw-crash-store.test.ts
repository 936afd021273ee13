import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { createCrashId } from '#shared/crash-id.ts'
import type { RawCrash } from '#shared/raw-crash.ts'
import { saveReport } from '#shared/store/raw-crash-save.ts'
import { readDump, readDumpNames, readRawCrash } from '#shared/store/raw-crash-store.ts'

const newId = () => createCrashId(systemClock, systemRandomBytes)
const day = (crashId: string) => `20${crashId.slice(-6)}`

function rawCrash(changes: Partial<RawCrash> = {}): RawCrash {
  return {
    annotations: { ProductName: 'WaterWolf' },
    uuid: newId(),
    submitted_timestamp: '2026-11-23T00:00:00+00:00',
    metadata: { collector_notes: [], dump_checksums: { upload_file_minidump: 'x', memory_report: 'y' } },
    ...changes,
  }
}

const bytes = (text: string) => ({ length: text.length, chunks: () => [new TextEncoder().encode(text)] })

describe('a saved report', () => {
  it('reads back, its dumps by name', async () => {
    const raw = rawCrash()
    const dumps = new Map([
      ['upload_file_minidump', bytes('MDMP')],
      ['memory_report', bytes('')],
    ])
    const report = { rawCrash: raw, dumps, crashIdFrom: 'ours', digest: null } as const
    const outcome = await saveReport(env.CRASHES, report, systemClock, 10_000)
    expect(outcome).toMatchObject({ kind: 'saved', crashId: raw.uuid, tries: 1 })
    const reading = await readRawCrash(env.CRASHES, raw.uuid)
    if (reading.kind !== 'found') throw new Error(reading.kind)
    expect(reading.rawCrash.annotations).toEqual(Object.assign(Object.create(null), raw.annotations))
    expect(reading.etag).toMatch(/^[0-9a-f]{32}$/)
    expect(await readDumpNames(env.CRASHES, reading.rawCrash)).toEqual(['memory_report', 'upload_file_minidump'])
    const dump = await readDump(env.CRASHES, raw.uuid, 'upload_file_minidump')
    if (dump.kind !== 'found') throw new Error(dump.kind)
    expect([dump.bytes, await new Response(dump.body).text()]).toEqual([4, 'MDMP'])
  })
})

describe('migrated data', () => {
  it('names its dumps in v1/dump_names', async () => {
    const raw = rawCrash({ metadata: { collector_notes: [] } })
    expect(await readDumpNames(env.CRASHES, raw)).toEqual([])
    await env.CRASHES.put(`v1/dump_names/${raw.uuid}`, '["upload_file_minidump","memory_report"]')
    expect(await readDumpNames(env.CRASHES, raw)).toEqual(['memory_report', 'upload_file_minidump'])
    await env.CRASHES.put(`v1/dump_names/${raw.uuid}`, '{not json')
    expect(await readDumpNames(env.CRASHES, raw)).toEqual([])
  })
})

describe('a crash id without a readable raw crash', () => {
  it('is missing or unreadable, never a throw', async () => {
    const crashId = newId()
    expect(await readRawCrash(env.CRASHES, crashId)).toEqual({ kind: 'missing' })
    expect(await readDump(env.CRASHES, crashId, 'upload_file_minidump')).toEqual({ kind: 'missing' })
    await env.CRASHES.put(`v1/raw_crash/${day(crashId)}/${crashId}`, '{"cut":')
    expect(await readRawCrash(env.CRASHES, crashId)).toEqual({ kind: 'unreadable', reason: 'not_json' })
  })
})
