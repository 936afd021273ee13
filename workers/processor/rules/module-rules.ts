import {
  crashingFrames,
  hasStackwalk,
  isRecord,
  type JsonRecord,
  jsonDump,
  list,
  type Rule,
  record,
  textOrNull,
} from './rule.ts'

/** Rules about files, modules and their symbols (specs/processor.md 1.3, 13 and 42-44). */

/** Hosts that only the stackwalker's own machine knows. */
const LOCAL_HOST = /^(?:.*localhost.*|127\.[\d.]+|\[::1\]|.*\.internal)$/

/** Where a module's symbols came from is public: neither an inner host nor a signed query belongs there. */
export const moduleUrlRewrite: Rule = {
  name: 'ModuleURLRewrite',
  predicate: (crash) => modules(jsonDump(crash)).some(({ symbol_url }) => Boolean(symbol_url)),
  action(crash) {
    for (const module of list(jsonDump(crash).modules).filter(isRecord)) {
      const { symbol_url } = module
      if (typeof symbol_url !== 'string') continue
      const url = URL.parse(symbol_url)
      if (url === null || LOCAL_HOST.test(url.hostname)) {
        module.symbol_url = null
        crash.notes.push(`Redacting symbol url for module ${textOrNull(module.filename) ?? '?'}`)
      } else if (url.search !== '') {
        url.search = ''
        module.symbol_url = url.href
      }
    }
  },
}

export const topMostFiles: Rule = {
  name: 'TopMostFiles',
  predicate: (crash) => crashingFrames(crash).length > 0,
  action(crash) {
    const files = crashingFrames(crash)
      .flatMap((frame) => [...list(frame.inlines).map(record), frame])
      .map(({ file }) => textOrNull(file))
    const first = files.find((file) => file !== null && file !== '')
    if (first !== undefined) crash.processed.topmost_filenames = first
  },
}

export const modulesInStack: Rule = {
  name: 'ModulesInStack',
  predicate: hasStackwalk,
  action(crash) {
    const inStack = new Set(crashingFrames(crash).map(({ module }) => module))
    const names = modules(jsonDump(crash)).flatMap((module) => {
      const file = textOrNull(module.filename) ?? ''
      if (!inStack.has(module.filename) || file === '') return []
      const debugId = textOrNull(module.debug_id) ?? ''
      return [`${file.replace(/[^A-Za-z0-9_.-]/g, '')}/${debugId.replace(/[^0-9A-Fa-f]/g, '')}`]
    })
    crash.processed.modules_in_stack = [...new Set(names)].sort().join(';')
  },
}

const NO_DEBUG_ID = '0'.repeat(33)

export const missingSymbols: Rule = {
  name: 'MissingSymbols',
  predicate: hasStackwalk,
  action(crash) {
    const missing = modules(jsonDump(crash))
      .filter((module) => module.missing_symbols === true)
      .map((module) => {
        const codeId = textOrNull(module.code_id)
        const parts = [
          textOrNull(module.filename) ?? '',
          textOrNull(module.version) || 'None',
          textOrNull(module.debug_id) || NO_DEBUG_ID,
          ...(codeId === null || codeId === '' ? [] : [codeId]),
        ]
        return parts.map((part) => part.replaceAll('/', '\\/')).join('/')
      })
    if (missing.length > 0) crash.processed.missing_symbols = missing.sort().join(';')
  },
}

function modules(dump: Readonly<JsonRecord>): readonly Readonly<JsonRecord>[] {
  return list(dump.modules).map(record)
}
