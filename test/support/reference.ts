/** What stock minidump-stackwalk says of the fixture dumps, and how to compare with it (specs: the normalisation of the crash corpus). */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const fixtures = new URL('../fixtures/crashes/', import.meta.url)

/** The five dumps: product WaterWolf's whole misfortune. */
export const DUMPS = ['null_chain', 'templates', 'heap_threads', 'panic_abort', 'jump_null'] as const

export const dumpPath = (name: string) => new URL(`dumps/${name}.dmp`, fixtures).pathname
export const symbolsPath = new URL('symbols', fixtures).pathname

interface ReferenceFrame {
  readonly frame: number
  readonly function: string | null
  readonly file: string | null
  readonly line: number | null
  readonly module: string | null
  readonly trust: string
  readonly inlines:
    | readonly { readonly function: string; readonly file: string | null; readonly line: number | null }[]
    | null
}

/** The stock JSON of one dump. */
export function reference(name: string) {
  return JSON.parse(gunzipSync(readFileSync(new URL(`json/${name}.json.gz`, fixtures))).toString())
}

/** Takes out what differs from run to run: the order of proc_limits (a stock bug) and where symbols came from. */
export function normalised(jsonDump: Record<string, unknown>): Record<string, unknown> {
  const copy = structuredClone(jsonDump)
  const limits = copy.proc_limits as { limits?: { name: string }[] } | null
  limits?.limits?.sort((left, right) => (left.name < right.name ? -1 : 1))
  for (const module of (copy.modules ?? []) as Record<string, unknown>[]) delete module.symbol_url
  return copy
}

/** Frames without registers, which are protected: what an anonymous viewer gets of the same walk. */
export function publicFrames(frames: readonly Record<string, unknown>[]): readonly Record<string, unknown>[] {
  return frames.map(({ registers, ...frame }) => frame)
}

/** One line a row of the stack as the report page should show it: a frame, then what is inlined into it, innermost first. */
export function expectedRows(crashingThread: { frames: readonly ReferenceFrame[] }): readonly string[] {
  const source = (file: string | null, line: number | null) =>
    file === null ? '' : `${file.replace(/^\/rustc\/[0-9a-f]{40}\//, '')}${line === null ? '' : `:${line}`}`
  return crashingThread.frames.flatMap((frame) => [
    [frame.frame, frame.function ?? '', source(frame.file, frame.line), frame.trust].join(' | '),
    ...(frame.inlines ?? []).map((inline) =>
      [frame.frame, inline.function, source(inline.file, inline.line), 'inline'].join(' | '),
    ),
  ])
}
