import { createServer } from 'node:net'

/** Whether the port can be had: `free` with its number, or `in_use`, or `refused` by the system (a port below 1024). */
export type PortCheck =
  | { readonly kind: 'free'; readonly port: number }
  | { readonly kind: 'in_use' }
  | { readonly kind: 'refused'; readonly detail: string }

/**
 * Tries to listen on the port, 0 for any free one. Both loopback addresses count: `http://localhost` means either, and a
 * stranger on `::1` would answer in the fleet's place.
 */
export async function checkPort(port: number): Promise<PortCheck> {
  const ipv4 = await tryListen(port, '127.0.0.1')
  if (ipv4.kind !== 'free') return ipv4
  const ipv6 = await tryListen(ipv4.port, '::1')
  // A machine without IPv6 refuses the address itself; only a taken port matters.
  return ipv6.kind === 'in_use' ? ipv6 : ipv4
}

async function tryListen(port: number, host: string): Promise<PortCheck> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRINUSE' ? { kind: 'in_use' } : { kind: 'refused', detail: error.message })
    })
    server.listen(port, host, () => {
      const address = server.address()
      const listening = typeof address === 'object' && address !== null ? address.port : port
      server.close(() => resolve({ kind: 'free', port: listening }))
    })
  })
}
