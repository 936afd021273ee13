import { SELF } from 'cloudflare:test'
import { expect, it } from 'vitest'

it('the heartbeat asks R2, D1 and the queue for real, and names the stages that do not answer', async () => {
  const response = await SELF.fetch('http://localhost/__heartbeat__')
  expect(response.status).toBe(503)
  // The other Workers are stand-ins without methods here; everything of our own answered.
  expect(await response.json()).toEqual({
    errors: [
      { name: 'CrashStore', msg: expect.any(String) },
      { name: 'search', msg: expect.any(String) },
    ],
    warnings: [],
  })
})
