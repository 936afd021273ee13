import { SELF } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'

it('the heartbeat asks R2, D1 and the queue for real, names the stages that do not answer, and the mistake of a configuration document', async () => {
  await env.CONFIG.put('annotations.json', JSON.stringify({ version: 1, annotations: [{ name: 'Comments' }] }))
  const response = await SELF.fetch('http://localhost/__heartbeat__')
  expect(response.status).toBe(503)
  // The other Workers are stand-ins without methods here; everything of our own answered.
  expect(await response.json()).toEqual({
    errors: [
      { name: 'CrashStore', msg: expect.any(String) },
      { name: 'search', msg: expect.any(String) },
    ],
    warnings: [{ name: 'annotations.json', msg: expect.stringContaining('annotations.0.') }],
  })
})
