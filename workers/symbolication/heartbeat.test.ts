import { SELF } from 'cloudflare:test'
import { expect, it } from 'vitest'

it('says 503 while the symbols Worker does not answer, and is alive itself', async () => {
  const alive = await SELF.fetch('http://symbolication.test/__lbheartbeat__')
  expect(alive.status).toBe(200)
  // The stand-in for the symbols Worker answers 501.
  const response = await SELF.fetch('http://symbolication.test/__heartbeat__')
  expect([response.status, await response.json()]).toEqual([
    503,
    { errors: [{ name: 'symbols', msg: expect.stringContaining('501') }], warnings: [] },
  ])
})
