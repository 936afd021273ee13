import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { app } from './app.ts'

const well = {
  CRASHES: env.CRASHES,
  CONFIG: env.CONFIG,
  CRASH_QUEUE: { metrics: async () => ({}) },
  CRASH_PRIORITY_QUEUE: { metrics: async () => ({}) },
  CRASH_REPROCESS_QUEUE: { metrics: async () => ({}) },
  SEARCH: { missing: async () => [] },
  STACKWALKER: { ping: async () => {} },
}
const away = () => Promise.reject(new Error('away'))

describe('the heartbeat of the processor', () => {
  it('is 200 without errors when all that it needs answers', async () => {
    const response = await app.request('/__heartbeat__', {}, well)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ errors: [], warnings: [] })
  })

  it('warns of a missing stackwalker: crashes wait in the queue', async () => {
    const response = await app.request('/__heartbeat__', {}, { ...well, STACKWALKER: { ping: away } })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ errors: [], warnings: [{ name: 'STACKWALKER', msg: 'Error: away' }] })
  })

  it.each([
    ['R2 CRASHES', { CRASHES: { head: away } }],
    ['queue crashes', { CRASH_QUEUE: { metrics: away } }],
    ['SEARCH', { SEARCH: { missing: away } }],
  ])('is 503 when %s does not answer', async (name, broken) => {
    const response = await app.request('/__heartbeat__', {}, { ...well, ...broken })
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ errors: [{ name, msg: 'Error: away' }] })
  })

  it('answers the load balancer at once', async () => {
    expect((await app.request('/__lbheartbeat__', {}, well)).status).toBe(200)
  })
})
