import { createServer, type IncomingMessage } from 'node:http'
import { MAX_PARTIAL_BODY_BYTES } from '#shared/limits.ts'
import { readModules } from '#shared/symbols/partial-request.ts'
import type { LocalSymbols } from './local-symbols.ts'
import { connectionText } from './submit.ts'

/** A remote symbol server answers within this time; the stackwalker gives up at 10 s. */
const REMOTE_DEADLINE_MS = 9_000

/** What one `POST /symbols/partial` is answered. */
export interface PartialReply {
  readonly status: number
  /** JSON. */
  readonly body: string | Uint8Array
}

/** Where a stackwalker of this machine gets its symbols. */
export type PartialSource = (body: Buffer) => Promise<PartialReply>

/** A loopback address that answers `POST /symbols/partial`, for the time of a command. */
export interface LocalSymbolsServer {
  readonly url: string
  stop(): Promise<void>
}

/** Starts it. Requests beyond the symbol server's own limits, and of other paths, are refused as the symbol server does. */
export async function startLocalSymbolsServer(source: PartialSource): Promise<LocalSymbolsServer> {
  const server = createServer(async (incoming, answer) => {
    const send = ({ status, body }: PartialReply) =>
      answer.writeHead(status, { 'Content-Type': 'application/json' }).end(body)
    try {
      if (incoming.url !== '/symbols/partial') return send(refusal(404, 'Not Found'))
      if (incoming.method !== 'POST') return send(refusal(405, 'Method Not Allowed'))
      const body = await readBody(incoming)
      send(body === null ? refusal(413, 'The body is too large') : await source(body))
    } catch (thrown) {
      send(refusal(500, thrown instanceof Error ? thrown.message : String(thrown)))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the local symbols server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** No symbols at all: every module is missing. */
export const NO_SYMBOLS: PartialSource = async (body) => {
  const asked = readModules(body.toString())
  if (asked.kind === 'refused') return refusal(400, asked.text)
  return { status: 200, body: JSON.stringify({ modules: asked.modules.map(() => ({ kind: 'missing' })) }) }
}

/** The sym files of a folder. */
export function folderSource(symbols: LocalSymbols): PartialSource {
  return async (body) => {
    const asked = readModules(body.toString())
    if (asked.kind === 'refused') return refusal(400, asked.text)
    return { status: 200, body: JSON.stringify({ modules: await symbols.partial(asked.modules) }) }
  }
}

/**
 * A symbol server anywhere, also over https, which the stackwalker itself does not speak; the token is a header, so that no URL holds it. `onFault` hears why it
 * gave no answer.
 */
export function remoteSource(origin: string, token: string | null, onFault: (text: string) => void): PartialSource {
  return async (body) => {
    try {
      const response = await fetch(new URL('/symbols/partial', origin), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(token === null ? {} : { 'Auth-Token': token }) },
        body: new Uint8Array(body),
        signal: AbortSignal.timeout(REMOTE_DEADLINE_MS),
      })
      if (response.status !== 200) onFault(faultText(origin, response.status))
      return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) }
    } catch (thrown) {
      onFault(`${origin} gave no symbols: ${connectionText(thrown)}.`)
      return refusal(502, 'the symbol server cannot be reached')
    }
  }
}

/** What a status of a symbol server means for who asked. */
export function faultText(origin: string, status: number): string {
  if (status === 401 || status === 403) {
    return `${origin} answered HTTP ${status}: its symbols are private. Give a token of download_symbols with --token.`
  }
  if (status === 404 || status === 405) return `${origin} answered HTTP ${status}: is it a Mayday symbol server?`
  return `${origin} gave no symbols: HTTP ${status}.`
}

function refusal(status: number, error: string): PartialReply {
  return { status, body: JSON.stringify({ error }) }
}

/** Null when it is more than the symbol server takes. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming) {
    bytes += chunk.length
    if (bytes > MAX_PARTIAL_BODY_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
