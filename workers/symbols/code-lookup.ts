import type { Clock } from '#shared/clock.ts'
import type { SymbolFileRepository, SymbolModule } from '#shared/db/symbol-files.ts'
import { CODE_LOOKUP_CACHE_MS, CODE_LOOKUP_MISS_CACHE_MS, MAX_CODE_LOOKUPS_CACHED } from '#shared/limits.ts'

interface Remembered {
  readonly module: SymbolModule | null
  readonly untilMs: number
}

/**
 * What an isolate remembers of code-id lookups, misses too: one crash of a big program asks for the same module on
 * every machine.
 */
export class CodeLookups {
  readonly #remembered = new Map<string, Remembered>()

  get(name: string, nowMs: number): SymbolModule | null | undefined {
    const found = this.#remembered.get(name)
    return found === undefined || found.untilMs <= nowMs ? undefined : found.module
  }

  set(name: string, module: SymbolModule | null, nowMs: number): void {
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size >= MAX_CODE_LOOKUPS_CACHED && oldest !== undefined) this.#remembered.delete(oldest)
    this.#remembered.delete(name)
    const forMs = module === null ? CODE_LOOKUP_MISS_CACHE_MS : CODE_LOOKUP_CACHE_MS
    this.#remembered.set(name, { module, untilMs: nowMs + forMs })
  }

  /** For after an upload: what was missing may be there now, and what was the newest may not be. */
  forget(): void {
    this.#remembered.clear()
  }
}

export interface CodeLookupDeps {
  readonly files: Pick<SymbolFileRepository, 'findModule'>
  readonly lookups: CodeLookups
  readonly clock: Clock
}

/** One question: whose symbols are those of this code file and code id? */
export interface CodeQuestion {
  readonly codeFile: string
  readonly codeId: string
  readonly alsoTry: boolean
  /** `?_refresh`: the books are asked, whatever is remembered. */
  readonly refresh: boolean
}

/**
 * The module that a code file and code id belong to (specs/symbols.md 2.1, rule 4); null when none does. Throws when
 * D1 fails.
 */
export async function findModuleOfCode(deps: CodeLookupDeps, question: CodeQuestion): Promise<SymbolModule | null> {
  const { codeFile, codeId, alsoTry, refresh } = question
  const name = [alsoTry, codeFile, codeId].join('/')
  const remembered = refresh ? undefined : deps.lookups.get(name, deps.clock())
  if (remembered !== undefined) return remembered
  const module = await deps.files.findModule(codeFile, codeId, alsoTry)
  deps.lookups.set(name, module, deps.clock())
  return module
}
