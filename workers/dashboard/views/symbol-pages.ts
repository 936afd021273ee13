import { asFlag, asList, asRecord, asText } from './json-value.ts'

/** Finds the page of a module's symbols by its file name, as frames know it; null for a module that the crash does not list. */
export type SymbolPageFinder = (filename: string) => string | null

/** The page of the symbols of one module of `json_dump.modules`: uploaded or missing, and for how many crashes. */
export function symbolPageOf(module: Readonly<Record<string, unknown>>): string | null {
  const name = asText(module.debug_file) ?? asText(module.filename)
  const id = asText(module.debug_id) ?? ''
  if (name === null) return null
  const isKnown = /^[0-9A-Fa-f]{1,255}$/.test(id) && !/^0+$/.test(id)
  return `/symbols/?${new URLSearchParams({ module: name, ...(isKnown && { id }) })}`
}

/** The pages of all modules of a crash. Of two modules with one name, the first that was walked with symbols counts: frames tell no more. */
export function symbolPageFinder(crash: Readonly<Record<string, unknown>>): SymbolPageFinder {
  const pages = new Map<string, string | null>()
  const modules = asList(asRecord(crash.json_dump).modules).map(asRecord)
  for (const loaded of [true, false]) {
    for (const module of modules) {
      const filename = asText(module.filename)
      if (filename === null || pages.has(filename) || asFlag(module.loaded_symbols) !== loaded) continue
      pages.set(filename, symbolPageOf(module))
    }
  }
  return (filename) => pages.get(filename) ?? null
}
