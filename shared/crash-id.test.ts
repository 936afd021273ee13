import { describe, expect, it } from 'vitest'
import { crashDay, createCrashId, parseCrashId, parseShownCrashId, shownCrashId } from './crash-id.ts'

const zeros = (bytes: Uint8Array<ArrayBuffer>) => bytes.fill(0)
const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes)

describe('a crash id', () => {
  it('ends in the throttle digit and the UTC day of submission', () => {
    const lastMillisecond = createCrashId(() => Date.UTC(2026, 10, 23, 23, 59, 59, 999), zeros)
    expect(lastMillisecond).toBe('00000000-0000-4000-8000-000000261123')
    expect(createCrashId(() => Date.UTC(2026, 10, 24), zeros).slice(-7)).toBe('0261124')
    expect(createCrashId(() => Date.UTC(2028, 1, 29), zeros).slice(-7)).toBe('0280229')
  })

  it('is a version 4 UUID, and two are never the same', () => {
    const ids = Array.from({ length: 1_000 }, () => createCrashId(Date.now, random))
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{5}0[0-9]{6}$/)
      expect(parseCrashId(id)).toBe(id)
    }
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('gives the day of its keys', () => {
    const crashId = createCrashId(() => Date.UTC(2026, 0, 2), random)
    expect(crashDay(crashId)).toBe('20260102')
  })

  it.each([
    ['upper case', '3F3A1F0E-5F6C-4D1B-9D0C-8A6A40261123'],
    ['a newline behind it (peer defect P4)', '3f3a1f0e-5f6c-4d1b-9d0c-8a6a40261123\n'],
    ['letters in the day', '3f3a1f0e-5f6c-4d1b-9d0c-8a6a4026112a'],
    ['junk behind it (W07)', '3f3a1f0e-5f6c-4d1b-9d0c-8a6a40261123docker/x.sh'],
    ['the shown prefix', 'bp-3f3a1f0e-5f6c-4d1b-9d0c-8a6a40261123'],
    ['nothing', ''],
  ])('is not %s', (_name, text) => {
    expect(parseCrashId(text)).toBeNull()
  })

  it('is read as people paste it', () => {
    const crashId = createCrashId(Date.now, random)
    expect(parseShownCrashId(` ${shownCrashId(crashId).toUpperCase()}\n`)).toBe(crashId)
    expect(parseShownCrashId('bp-hello')).toBeNull()
  })
})
