import { MAX_SHOWN_MODULES } from '#shared/limits.ts'
import { asFlag, asList, asRecord, asText } from './json-value.ts'
import { symbolPageOf } from './symbol-pages.ts'

/** One module of the process. */
export interface ModuleRow {
  readonly filename: string
  readonly version: string | null
  readonly debugId: string | null
  readonly debugFile: string | null
  readonly codeId: string | null
  readonly range: string | null
  readonly signer: string | null
  readonly symbols: 'loaded' | 'missing' | 'corrupt' | 'not_needed'
  /** Where the stackwalker had the symbols from, when that is a web address. */
  readonly symbolUrl: string | null
  /** What is known of its symbols. */
  readonly page: string | null
}

/** A list of modules, and how many of it are left out. */
export interface ModuleList {
  readonly rows: readonly ModuleRow[]
  readonly notShown: number
}

/** The modules that were loaded (`json_dump.modules`). */
export function modulesOf(crash: Readonly<Record<string, unknown>>): ModuleList {
  return moduleList(asRecord(crash.json_dump).modules)
}

/** The modules that had been unloaded before the crash (`json_dump.unloaded_modules`). */
export function unloadedModulesOf(crash: Readonly<Record<string, unknown>>): ModuleList {
  return moduleList(asRecord(crash.json_dump).unloaded_modules)
}

function moduleList(value: unknown): ModuleList {
  const all = asList(value)
  return {
    rows: all.slice(0, MAX_SHOWN_MODULES).map((module) => moduleRow(asRecord(module))),
    notShown: Math.max(0, all.length - MAX_SHOWN_MODULES),
  }
}

function moduleRow(module: Readonly<Record<string, unknown>>): ModuleRow {
  const base = asText(module.base_addr)
  const end = asText(module.end_addr)
  const url = asText(module.symbol_url)
  return {
    filename: asText(module.filename) ?? '(no name)',
    version: asText(module.version),
    debugId: asText(module.debug_id),
    debugFile: asText(module.debug_file),
    codeId: asText(module.code_id),
    range: base === null ? null : end === null ? base : `${base} – ${end}`,
    signer: asText(module.cert_subject),
    symbols: symbolsOf(module),
    symbolUrl: url !== null && /^https?:\/\//.test(url) && URL.canParse(url) ? url : null,
    page: symbolPageOf(module),
  }
}

function symbolsOf(module: Readonly<Record<string, unknown>>): ModuleRow['symbols'] {
  if (asFlag(module.corrupt_symbols)) return 'corrupt'
  if (asFlag(module.missing_symbols)) return 'missing'
  return asFlag(module.loaded_symbols) ? 'loaded' : 'not_needed'
}
