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
 * `SymbolReads` gives its container in production, partial symbol files without a token. The token is sent as a header and not in
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

const PARTIAL_PATH = /^\/symbols\/partial(?:\/|$)/

/** As the outbound handler of the container in production: partial symbol files, nothing else. */
function forward(origin: string, token: string, incoming: IncomingMessage, answer: ServerResponse): void {
  const { method } = incoming
  // Read as a URL: `/symbols/partial/../..` leads elsewhere.
  const url = new URL(incoming.url ?? '/', origin)
  const isRead = method === 'GET' || method === 'HEAD' || method === 'POST'
  if (!isRead || !PARTIAL_PATH.test(url.pathname)) {
    incoming.resume()
    answer.writeHead(404).end()
    return
  }
  const { 'content-type': type, 'content-length': length, 'accept-encoding': encoding = 'identity' } = incoming.headers
  const headers = {
    'accept-encoding': encoding,
    'auth-token': token,
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(length === undefined ? {} : { 'content-length': length }),
  }
  const upstream = httpRequest(url, { method, headers, timeout: UPSTREAM_DEADLINE_MS }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(answer)
  })
  upstream.on('timeout', () => upstream.destroy(new Error('timeout')))
  upstream.on('error', () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()))
  answer.on('close', () => upstream.destroy())
  incoming.pipe(upstream)
}
