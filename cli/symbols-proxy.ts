import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'

/** A loopback address that answers as the symbol server does to who holds a token. */
export interface SymbolsProxy {
  readonly url: string
  stop(): Promise<void>
}

/** The symbol server itself answers faster; this only ends what hangs. */
const UPSTREAM_DEADLINE_MS = 30_000

/**
 * For a development fleet with SYMBOL_ACCESS=private: gives the stackwalker process what the service binding
 * `SymbolReads` gives its container in production, symbols without a token. The token is sent as a header and not in
 * the URL, because the stackwalker writes URLs into the crash. `makeToken` is asked once, at the first request: the
 * database is not there yet when the proxy starts. Null: it cannot be made, and requests get 502.
 */
export async function startSymbolsProxy(
  origin: string,
  makeToken: () => Promise<string | null>,
): Promise<SymbolsProxy> {
  let token: Promise<string | null> | undefined
  const server = createServer(async (incoming, answer) => {
    token ??= makeToken()
    const sent = await token
    if (sent === null) {
      token = undefined
      answer.writeHead(502).end()
      return
    }
    forward(origin, sent, incoming, answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the symbols proxy has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function forward(origin: string, token: string, incoming: IncomingMessage, answer: ServerResponse): void {
  const { method } = incoming
  if (method !== 'GET' && method !== 'HEAD') {
    answer.writeHead(405, { Allow: 'GET, HEAD' }).end()
    return
  }
  const url = new URL(incoming.url ?? '/', origin)
  const headers = { 'accept-encoding': incoming.headers['accept-encoding'] ?? 'identity', 'auth-token': token }
  const upstream = httpRequest(url, { method, headers, timeout: UPSTREAM_DEADLINE_MS }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(answer)
  })
  upstream.on('timeout', () => upstream.destroy(new Error('timeout')))
  upstream.on('error', () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()))
  answer.on('close', () => upstream.destroy())
  upstream.end()
}
