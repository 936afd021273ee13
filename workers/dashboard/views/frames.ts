import { MAX_SHOWN_FRAMES_A_THREAD } from '#shared/limits.ts'
import { type Source, type SourceFinder, sourceFinder } from '#shared/source-links/source-links.ts'
import { asFlag, asList, asNumber, asRecord, asText, grouped } from './json-value.ts'
import { type Trust, trustNamed } from './trust.ts'

/** One row of a stack table. */
export type FrameRow =
  | {
      readonly kind: 'frame'
      /** `t3f7`: thread 3, frame 7. A link to it stays good as long as the crash is not reprocessed. */
      readonly anchor: string
      readonly number: number
      readonly module: string | null
      /** The function's name; without one, the module and offset or the bare address, and `named` is false. */
      readonly function: string
      readonly named: boolean
      readonly source: Source | null
      readonly trust: Trust | null
      readonly missingSymbols: boolean
      readonly address: string | null
      /** Modules that were at this address before they were unloaded, as `name @ offset`. */
      readonly unloadedModules: readonly string[]
      /** Inline frames below it. */
      readonly inlines: number
    }
  | {
      readonly kind: 'inline'
      readonly anchor: string
      /** The frame that this function was inlined into. */
      readonly number: number
      readonly function: string
      readonly source: Source | null
    }
  /** Frames that are not here: cut by the processor (500 a thread) or by this page. */
  | { readonly kind: 'truncated'; readonly text: string }

/** One thread of the dump. */
export interface Thread {
  readonly index: number
  readonly name: string | null
  readonly threadId: string | null
  readonly lastError: string | null
  /** The true number of frames, also when fewer are kept. */
  readonly frameCount: number
  readonly rows: readonly FrameRow[]
}

const NO_RULES = sourceFinder()

/** What the rows of a thread depend on beside the thread. */
export interface FrameOptions {
  readonly maxRows?: number
  readonly findSource?: SourceFinder
}

/**
 * The rows of one thread of `json_dump`. Each frame is called by the one below it. Functions that were inlined into a frame stand under it,
 * innermost first: the first of them is where the thread was.
 */
export function frameRows(
  thread: unknown,
  threadIndex: number,
  { maxRows = MAX_SHOWN_FRAMES_A_THREAD, findSource = NO_RULES }: FrameOptions = {},
): readonly FrameRow[] {
  const frames = asList(asRecord(thread).frames)
  const rows = frames.flatMap((frame, position) => rowsOfFrame(asRecord(frame), position, threadIndex, findSource))
  if (rows.length <= maxRows) return rows
  const text = `${grouped(rows.length - maxRows)} more rows are not shown here; the processed crash's raw JSON has them`
  return [...rows.slice(0, maxRows), { kind: 'truncated', text }]
}

function rowsOfFrame(
  frame: Readonly<Record<string, unknown>>,
  position: number,
  threadIndex: number,
  findSource: SourceFinder,
): readonly FrameRow[] {
  // Socorro's rule 15 leaves {"truncated":{"msg":"1,234 frames truncated"}} in the middle of a cut thread.
  if (frame.truncated !== undefined) {
    return [{ kind: 'truncated', text: asText(asRecord(frame.truncated).msg) ?? 'Some frames were truncated' }]
  }
  const number = asNumber(frame.frame) ?? position
  const anchor = `t${threadIndex}f${number}`
  const module = asText(frame.module)
  const sourceOf = (file: unknown, line: unknown) => {
    const path = asText(file)
    return path === null ? null : findSource(path, asNumber(line), module)
  }
  const inlines = asList(frame.inlines).map((inline, depth): FrameRow => {
    const { function: name, file, line } = asRecord(inline)
    return {
      kind: 'inline',
      anchor: `${anchor}i${depth}`,
      number,
      function: asText(name) ?? '(unnamed inline function)',
      source: sourceOf(file, line),
    }
  })
  const name = asText(frame.function)
  const trust = asText(frame.trust)
  const row: FrameRow = {
    kind: 'frame',
    anchor,
    number,
    module,
    function: name ?? unnamedFunction(frame, module),
    named: name !== null,
    source: sourceOf(frame.file, frame.line),
    trust: trust === null ? null : trustNamed(trust),
    // The stackwalker also says "missing" where there is no module that could have symbols.
    missingSymbols: asFlag(frame.missing_symbols) && module !== null,
    address: asText(frame.offset),
    unloadedModules: unloadedModules(frame.unloaded_modules),
    inlines: inlines.length,
  }
  return [row, ...inlines]
}

function unnamedFunction(frame: Readonly<Record<string, unknown>>, module: string | null): string {
  const offset = asText(frame.module_offset)
  if (module !== null && offset !== null) return `${module} + ${shortHex(offset)}`
  return `@ ${shortHex(asText(frame.offset) ?? 'unknown address')}`
}

/** `0x00000000000004ea` → `0x4ea`. */
function shortHex(text: string): string {
  return text.replace(/^0x0+(?=[0-9a-f])/i, '0x')
}

function unloadedModules(value: unknown): readonly string[] {
  return asList(value).flatMap((entry) => {
    const { module, offsets } = asRecord(entry)
    const name = asText(module)
    if (name === null) return []
    const at = asList(offsets).flatMap((offset) => asText(offset) ?? [])
    return [at.length === 0 ? name : `${name} @ ${at.map(shortHex).join(', ')}`]
  })
}

/** One thread of `json_dump.threads`. */
export function threadOf(thread: unknown, index: number, options: FrameOptions = {}): Thread {
  const { thread_name, thread_id, frame_count, frames, last_error_value } = asRecord(thread)
  return {
    index,
    name: asText(thread_name),
    threadId: asText(thread_id),
    lastError: asText(last_error_value),
    frameCount: asNumber(frame_count) ?? asList(frames).length,
    rows: frameRows(thread, index, options),
  }
}

/**
 * The index of the crashing thread, or null when the stackwalker could not tell. The processed crash's own word comes first:
 * a processor rule moves it to 0 for shutdown hangs.
 */
export function crashingThreadIndex(crash: Readonly<Record<string, unknown>>): number | null {
  const dump = asRecord(crash.json_dump)
  const candidates = [
    crash.crashing_thread,
    asRecord(dump.crashing_thread).threads_index,
    asRecord(dump.crash_info).crashing_thread,
  ]
  return candidates.map(asNumber).find((index) => index !== null) ?? null
}

/** The crashing thread: out of the list of threads; from its own copy where the list is not there. */
export function crashingThread(crash: Readonly<Record<string, unknown>>, options: FrameOptions = {}): Thread | null {
  const dump = asRecord(crash.json_dump)
  const index = crashingThreadIndex(crash)
  const listed = index === null ? undefined : asList(dump.threads)[index]
  const thread = listed ?? dump.crashing_thread
  return asList(asRecord(thread).frames).length === 0 ? null : threadOf(thread, index ?? 0, options)
}

/** The function that a thread was in: the innermost inlined one of its first frame. */
export function topFunction({ rows: [first, second] }: Thread): string {
  if (second?.kind === 'inline') return second.function
  return first === undefined || first.kind === 'truncated' ? '' : first.function
}
