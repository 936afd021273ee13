import { type AskedModule, moduleKey } from './asked-addresses.ts'
import { type AskedFrame, type Job, referencedModules } from './jobs.ts'
import type { FoundSymbol, ModuleError, ModuleSymbols } from './lookup-symbols.ts'

/** The symbols of a request, by module. What is kept of one is the text of its frame's own keys. */
export type FrameTexts = ReadonlyMap<string, ModuleSymbols<string>>

/** `0x1f`; -1 is `-0x1`. */
export function hex(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}

/**
 * What a symbol adds to its frame, as JSON without braces (specs/symbols.md 3.1): a file where it is known, a line only beside a file. Innermost
 * inlines come first; function, file and line of the frame are then the outermost function with its call site. `function_size` is samply's.
 */
export function symbolText(address: bigint, symbol: FoundSymbol): string {
  const offset = `,"function_offset":"${hex(address - symbol.address)}"`
  if (symbol.kind === 'public') return `,"function":${JSON.stringify(symbol.name)}${offset}`
  const inlines = symbol.inlines.map((inline) => `{${callText(inline.function, inline.file, inline.line)}}`)
  return `,${callText(symbol.name, symbol.file, symbol.line)}${offset},"function_size":"${hex(symbol.size)}"${
    inlines.length === 0 ? '' : `,"inlines":[${inlines.join(',')}]`
  }`
}

function callText(name: string, file: string | null, line: number | null): string {
  const hasFile = file !== null && file !== ''
  return `"function":${JSON.stringify(name)}${hasFile ? `,"file":${JSON.stringify(file)}` : ''}${
    hasFile && line !== null && line !== 0 ? `,"line":${line}` : ''
  }`
}

/** The name of a frame's module: the code file of its symbols (`xul.dll`), else the debug file. */
export function shownModule(asked: AskedModule | undefined, symbols: FrameTexts): string {
  if (asked === undefined || asked.debugFile === '') return '<unknown>'
  return symbols.get(moduleKey(asked))?.found?.code_file ?? asked.debugFile
}

/** True where there are symbols, false where there are none, null where nobody asked (specs/symbols.md 3.1). */
export function isFound(asked: AskedModule, isReferenced: boolean, symbols: FrameTexts): boolean | null {
  const known = isReferenced ? symbols.get(moduleKey(asked)) : undefined
  return known === undefined ? null : known.found !== null
}

/** The answer to the jobs, piece by piece; `debug` is JSON or null. */
export function* answerV5(jobs: readonly Job[], symbols: FrameTexts, debug: string | null): Generator<string> {
  yield '{"results":['
  for (const [index, job] of jobs.entries()) {
    yield `${index === 0 ? '' : ','}{"stacks":[`
    for (const [at, stack] of job.stacks.entries()) {
      yield at === 0 ? '[' : ',['
      yield* frameTexts(job, stack, symbols)
      yield ']'
    }
    yield `],${modulesText(job, symbols)}}`
  }
  yield debug === null ? ']}' : `],"debug":${debug}}`
}

function* frameTexts({ modules }: Job, stack: readonly AskedFrame[], symbols: FrameTexts): Generator<string> {
  for (const [at, { module, offset }] of stack.entries()) {
    const asked = modules[module]
    const symbol = asked === undefined ? undefined : symbols.get(moduleKey(asked))?.symbols.get(offset)
    const shown = JSON.stringify(shownModule(asked, symbols))
    yield `${at === 0 ? '' : ','}{"frame":${at},"module":${shown},"module_offset":"${hex(offset)}"${symbol ?? ''}}`
  }
}

/** `found_modules`, and samply's `module_errors` where there are any. Keys are the request's own; those that repeat count once. */
function modulesText(job: Job, symbols: FrameTexts): string {
  const referenced = referencedModules(job.stacks)
  const found = new Map<string, boolean | null>()
  const errors = new Map<string, readonly ModuleError[]>()
  for (const [index, asked] of job.modules.entries()) {
    const key = `${asked.debugFile}/${asked.debugId}`
    found.set(key, isFound(asked, referenced.has(index), symbols) ?? found.get(key) ?? null)
    const error = referenced.has(index) ? symbols.get(moduleKey(asked))?.error : undefined
    if (error) errors.set(key, [error])
  }
  const foundText = `"found_modules":${JSON.stringify(Object.fromEntries(found))}`
  return errors.size === 0 ? foundText : `${foundText},"module_errors":${JSON.stringify(Object.fromEntries(errors))}`
}
