import { createServer, request } from 'node:http'

/** One request that went through, and what was answered. */
export interface LoggedRequest {
  readonly method: string
  readonly url: URL
  readonly status: number
}

/** Stands between a client and a server, writes down what is asked, and refuses when it is told to. */
export interface RequestLog {
  readonly url: string
  /** What went through since the last call of this. */
  taken(): readonly LoggedRequest[]
  /** Answers the next so many requests with 429 and `Retry-After: 1` instead of asking the server. */
  refuseNext(count: number): void
  stop(): Promise<void>
}

/** Starts one before `target`. */
export async function startRequestLog(target: string): Promise<RequestLog> {
  let requests: LoggedRequest[] = []
  let refusals = 0
  const server = createServer((asked, answer) => {
    const url = new URL(asked.url ?? '/', target)
    const method = asked.method ?? ''
    if (refusals > 0) {
      refusals -= 1
      requests.push({ method, url, status: 429 })
      answer.writeHead(429, { 'Retry-After': '1', 'Content-Type': 'application/json' })
      answer.end('{"error":"Too Many Requests"}')
      asked.resume()
      return
    }
    const upstream = request(url, { method, headers: { ...asked.headers, host: url.host } }, (response) => {
      requests.push({ method, url, status: response.statusCode ?? 0 })
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    upstream.on('error', () => answer.destroy())
    asked.pipe(upstream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the request log has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    taken() {
      const taken = requests
      requests = []
      return taken
    },
    refuseNext(count) {
      refusals = count
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
