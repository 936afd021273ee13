import { connect, createServer, type Socket } from 'node:net'

/** A connection between a client and a server that breaks when it is told to. */
export interface CuttingProxy {
  readonly url: string
  /** How often it has cut. */
  cuts(): number
  stop(): Promise<void>
}

/**
 * Passes bytes on to `target`, and cuts the connections when so many bytes went to the server in all: once for each entry of `cutAfterBytes`,
 * counted from the cut before. A cut ends every open connection at once, without a goodbye, as a lost line does.
 */
export async function startCuttingProxy(target: string, cutAfterBytes: readonly number[]): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target)
  const open = new Set<Socket>()
  let sent = 0
  let cuts = 0
  const count = (bytes: number) => {
    sent += bytes
    const limit = cutAfterBytes[cuts]
    if (limit === undefined || sent < limit) return
    cuts++
    sent = 0
    for (const socket of open) socket.destroy()
  }
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      open.add(socket)
      // A broken socket closes; its other end goes with it below.
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk) => count(chunk.length))
    client.pipe(upstream)
    upstream.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    cuts: () => cuts,
    async stop() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
