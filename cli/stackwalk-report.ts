import { z } from 'zod'

/** What a person wants to know of a walked dump, read from the stackwalker's JSON. Texts are safe to print. */
export interface StackwalkReport {
  /** `SIGSEGV / SEGV_MAPERR`. */
  readonly reason: string | null
  /** The address that the crash was about, with what is known of it: `0x0000000000000008 (null pointer + 0x8)`. */
  readonly address: string | null
  readonly instruction: string | null
  /** The text of an assertion that failed, where the dump has it. */
  readonly assertion: string | null
  /** `Linux 6.1.0, amd64`. */
  readonly system: string | null
  /** The main module. */
  readonly program: string | null
  readonly crashingThread: number | null
  readonly threads: readonly ReportThread[]
  /** In the order of the process' modules. */
  readonly modules: readonly ReportModule[]
}

export interface ReportThread {
  readonly index: number
  readonly name: string | null
  /** The true number, also when the middle of a long stack was left out. */
  readonly frameCount: number
  readonly rows: readonly ReportRow[]
}

/** One line of a stack. Inlined calls come first and innermost first, then the frame that they were inlined into. */
export type ReportRow =
  | {
      readonly kind: 'frame'
      readonly number: number
      readonly module: string | null
      /** The function; without one, the module and offset, or the bare address. */
      readonly function: string
      readonly source: string | null
      readonly trust: string
      /** The module has no symbols here. A frame outside of all modules misses none. */
      readonly missingSymbols: boolean
      /** Modules that were at this address before they were unloaded. */
      readonly unloaded: readonly string[]
    }
  | { readonly kind: 'inline'; readonly number: number; readonly function: string; readonly source: string | null }
  | { readonly kind: 'left_out'; readonly frames: number }

export interface ReportModule {
  readonly name: string
  readonly debugFile: string
  readonly debugId: string
  readonly symbols: 'loaded' | 'missing' | 'corrupt' | 'not_asked'
}

const text = z
  .string()
  .transform(printable)
  .nullish()
  .transform((value) => (value === undefined || value === '' ? null : value))
  .catch(null)
const count = z
  .number()
  .nullish()
  .transform((value) => value ?? null)
  .catch(null)
const flag = z.boolean().nullish().catch(null)
const listOf = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? [])

const frameSchema = z.object({
  frame: count,
  module: text,
  module_offset: text,
  offset: text,
  function: text,
  file: text,
  line: count,
  trust: text,
  missing_symbols: flag,
  inlines: listOf(z.object({ function: text, file: text, line: count })),
  unloaded_modules: listOf(z.object({ module: text, offsets: listOf(z.string().transform(printable)) })),
})

const threadSchema = z.object({ thread_name: text, frame_count: count, frames: listOf(frameSchema) })

/** Every part may be missing: a dump says only what its writer knew. What is there has the stock stackwalker's form. */
const jsonDumpSchema = z.object({
  crash_info: z
    .object({
      type: text,
      address: text,
      adjusted_address: z.object({ kind: text, address: text, offset: text }).nullish().catch(null),
      instruction: text,
      assertion: text,
      crashing_thread: count,
    })
    .nullish(),
  system_info: z.object({ os: text, os_ver: text, cpu_arch: text }).nullish(),
  main_module: count,
  modules: listOf(
    z.object({
      filename: text,
      debug_file: text,
      debug_id: text,
      loaded_symbols: flag,
      missing_symbols: flag,
      corrupt_symbols: flag,
    }),
  ),
  threads: listOf(threadSchema),
})

type JsonDump = z.infer<typeof jsonDumpSchema>
type Frame = z.infer<typeof frameSchema>

/** Reads the stackwalker's JSON; null when it is not of its form. */
export function readStackwalkReport(jsonDump: unknown): StackwalkReport | null {
  const parsed = jsonDumpSchema.safeParse(jsonDump)
  if (!parsed.success) return null
  const { crash_info, system_info, main_module, modules, threads } = parsed.data
  const program = main_module === null ? null : modules[main_module]
  return {
    reason: crash_info?.type ?? null,
    address: crashAddress(crash_info),
    instruction: crash_info?.instruction ?? null,
    assertion: crash_info?.assertion ?? null,
    system: systemText(system_info),
    program: program?.filename ?? null,
    crashingThread: crash_info?.crashing_thread ?? null,
    threads: threads.map((thread, index) => reportThread(thread, index)),
    modules: modules.map((module) => ({
      name: module.filename ?? '(unnamed module)',
      debugFile: module.debug_file ?? '',
      debugId: module.debug_id ?? '',
      symbols: symbolsOf(module),
    })),
  }
}

function crashAddress(crash: JsonDump['crash_info']): string | null {
  if (crash?.address === null || crash?.address === undefined) return null
  const adjusted = crash.adjusted_address
  switch (adjusted?.kind) {
    case 'null-pointer':
      return `${crash.address} (null pointer + ${shortHex(adjusted.offset ?? '0x0')})`
    case 'non-canonical':
      return `${adjusted.address ?? crash.address} (not canonical; the system said ${crash.address})`
    default:
      return crash.address
  }
}

function systemText(system: JsonDump['system_info']): string | null {
  const name = [system?.os, system?.os_ver].filter((part) => part !== null && part !== undefined).join(' ')
  const parts = [name, system?.cpu_arch ?? ''].filter((part) => part !== '')
  return parts.length === 0 ? null : parts.join(', ')
}

function symbolsOf({
  loaded_symbols,
  missing_symbols,
  corrupt_symbols,
}: JsonDump['modules'][number]): ReportModule['symbols'] {
  if (corrupt_symbols === true) return 'corrupt'
  if (missing_symbols === true) return 'missing'
  return loaded_symbols === true ? 'loaded' : 'not_asked'
}

function reportThread(thread: z.infer<typeof threadSchema>, index: number): ReportThread {
  const rows: ReportRow[] = []
  let expected = 0
  for (const [position, frame] of thread.frames.entries()) {
    const number = frame.frame ?? position
    if (number > expected) rows.push({ kind: 'left_out', frames: number - expected })
    expected = number + 1
    for (const inline of frame.inlines) {
      const source = sourceText(inline.file, inline.line)
      rows.push({ kind: 'inline', number, function: inline.function ?? '(unnamed inline function)', source })
    }
    rows.push(frameRow(frame, number))
  }
  return { index, name: thread.thread_name, frameCount: thread.frame_count ?? thread.frames.length, rows }
}

function frameRow(frame: Frame, number: number): ReportRow {
  const { module, module_offset, offset } = frame
  const place =
    module !== null && module_offset !== null
      ? `${module} + ${shortHex(module_offset)}`
      : `@ ${shortHex(offset ?? 'unknown address')}`
  return {
    kind: 'frame',
    number,
    module,
    function: frame.function ?? place,
    source: sourceText(frame.file, frame.line),
    trust: frame.trust ?? 'none',
    // The stackwalker also says "missing" where there is no module that could have symbols.
    missingSymbols: frame.missing_symbols === true && module !== null,
    unloaded: frame.unloaded_modules.map(({ module: name, offsets }) =>
      [name ?? '(unnamed module)', ...offsets.slice(0, 1).map(shortHex)].join(' + '),
    ),
  }
}

/** `hg:hg.example.com/central:dom/base/nsDocument.cpp:0f3c`, as builds write FILE records for source in a repository. */
const IN_REPOSITORY = /^(?:hg|git|s3):[^:]+:([^:]+):[^:]*$/

/** A file and line as people write them: `dom/base/nsDocument.cpp:120`. Null without a file. */
export function sourceText(file: string | null, line: number | null): string | null {
  if (file === null) return null
  const path = IN_REPOSITORY.exec(file)?.[1] ?? file
  return line === null || line === 0 ? path : `${path}:${line}`
}

/** `0x00000000000004ea` → `0x4ea`. */
function shortHex(hex: string): string {
  return hex.replace(/^0x0+(?=[0-9a-f])/i, '0x')
}

/** Escape sequences that repaint a terminal, bidirectional overrides, line ends: a dump may hold any text. */
const MISLEADING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** A text from a dump or a sym file as one line that shows what it holds: misleading characters are spelled out. */
export function printable(value: string): string {
  return value.replaceAll(MISLEADING, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
}
