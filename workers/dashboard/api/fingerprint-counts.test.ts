import { describe, expect, it } from 'vitest'
import { dashboardRig } from '../dashboard-rig.ts'

const FINGERPRINT = 'ab'.repeat(16)

describe('/api/FingerprintCounts/', () => {
  it('says what was sent and kept, day by day', async () => {
    const asked: string[] = []
    const rig = await dashboardRig({
      duplicates: {
        counts: async (fingerprint) => {
          asked.push(fingerprint)
          return { days: [['20261123', { sent: 1_000, kept: 60 }]], mixed: true }
        },
      },
    })
    expect((await rig.json(`/api/FingerprintCounts/?fingerprint=${FINGERPRINT}`)).body).toEqual({
      ...{ fingerprint: FINGERPRINT, mixed: true, days: [{ day: '2026-11-23', sent: 1_000, kept: 60 }] },
    })
    expect(asked).toEqual([FINGERPRINT])
  })

  it.each(['', '?fingerprint=', '?fingerprint=AB', `?fingerprint=${FINGERPRINT}0`])('with %j is 400', async (query) => {
    expect((await (await dashboardRig()).json(`/api/FingerprintCounts/${query}`)).status).toBe(400)
  })

  it('is 503 while the collector does not answer', async () => {
    const rig = await dashboardRig({ duplicates: { counts: () => Promise.reject(new Error('down')) } })
    expect((await rig.json(`/api/FingerprintCounts/?fingerprint=${FINGERPRINT}`)).status).toBe(503)
  })
})
