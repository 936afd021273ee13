import { withDeadline } from '#shared/deadline.ts'
import { RPC_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import { type Refusal, refuse } from './answer.ts'

/** Whether a request may read symbols, where SYMBOL_ACCESS is `private`. Null: it may. */
export type SymbolAccess = (request: Request) => Promise<Refusal | null>

/** Public symbols: everybody may. */
export const EVERYBODY: SymbolAccess = () => Promise.resolve(null)

/** The headers that carry a token (docs/security.md). */
const TOKEN_HEADERS = ['Auth-Token', 'Authorization']

/**
 * Has the symbols Worker decide, which knows the tokens: whoever may not read its `/index2.txt` (a probe that reads nothing) may not read names
 * here either. Closed when it does not answer.
 */
export function accessBySymbolsWorker(symbolsWorker: Pick<Fetcher, 'fetch'>, log: Log): SymbolAccess {
  return async ({ headers }) => {
    const asked = new Headers()
    for (const name of TOKEN_HEADERS) {
      const value = headers.get(name)
      if (value !== null) asked.set(name, value)
    }
    try {
      const probe = symbolsWorker.fetch('http://symbols/index2.txt', { headers: asked })
      const { status } = await withDeadline('symbols access', RPC_DEADLINE_MS, probe)
      if (status === 404) return null
      if (status === 403) {
        return refuse('forbidden', 'symbols are private here: send a token with download_symbols as Auth-Token')
      }
      log('symbolication', 'access_unknown', { status })
    } catch (thrown) {
      log('symbolication', 'access_unknown', { error: errorText(thrown) })
    }
    return refuse('unavailable', 'the symbol store is not available: try again later')
  }
}
