import { MAX_SYMBOLICATION_BYTES_IN_FLIGHT } from '#shared/limits.ts'
import type { LogFields } from '#shared/log.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { type AppDeps, symbolicationApp } from '../app.ts'
import { MemoryBudget } from '../memory-budget.ts'
import { EVERYBODY } from '../symbol-access.ts'
import { symDouble } from './sym-double.ts'

export const NOW_MS = Date.UTC(2026, 10, 23, 12)

/** The whole Worker with symbols from memory. */
export function symbolicationRig(change: Partial<AppDeps> = {}) {
  const symbols = symDouble()
  const budget = new MemoryBudget(MAX_SYMBOLICATION_BYTES_IN_FLIGHT, () => NOW_MS)
  const logged: (LogFields & { readonly outcome: string })[] = []
  const app = symbolicationApp({
    symbols,
    budget,
    access: EVERYBODY,
    signatureLists: { current: () => Promise.resolve(defaultSignatureLists()) },
    counter: null,
    clock: () => NOW_MS,
    log: (_stage, outcome, fields = {}) => logged.push({ outcome, ...fields }),
    heartbeat: [],
    ...change,
  })
  return {
    symbols,
    budget,
    logged,
    async fetch(path: string, init?: RequestInit): Promise<Response> {
      return app.fetch(new Request(`http://symbolication.test${path}`, init))
    },
    async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const response = await app.fetch(
        new Request(`http://symbolication.test${path}`, { method: 'POST', body: text, headers }),
      )
      return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) }
    },
  }
}
