import { applyD1Migrations, SELF } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'

async function heartbeat() {
  const response = await SELF.fetch('http://symbols.test/__heartbeat__')
  return { status: response.status, report: await response.json<{ errors: { name: string }[] }>() }
}

it('the heartbeat names a database without its tables, and is well once they are there', async () => {
  const broken = await heartbeat()
  expect([broken.status, broken.report.errors.map(({ name }) => name)]).toEqual([503, ['D1 DB']])
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  expect(await heartbeat()).toEqual({ status: 200, report: { errors: [], warnings: [] } })
})

it('the load balancer is answered without asking anything', async () => {
  const response = await SELF.fetch('http://symbols.test/__lbheartbeat__')
  expect([response.status, await response.text()]).toEqual([200, ''])
})
