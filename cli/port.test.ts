import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { checkPort } from './port.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listen(host: string): Promise<number> {
  const server = createServer()
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('checkPort', () => {
  it('finds a free port for 0, and leaves it free', async () => {
    const first = await checkPort(0)
    expect(first.kind).toBe('free')
    if (first.kind === 'free') expect(await checkPort(first.port)).toEqual(first)
  })

  it.each(['127.0.0.1', '0.0.0.0', '::1'])(
    'sees a program that listens on %s, because localhost may mean it',
    async (host) => {
      expect(await checkPort(await listen(host))).toEqual({ kind: 'in_use' })
    },
  )
})
