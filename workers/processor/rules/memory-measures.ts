import { record, textOrNull } from './rule.ts'

/** Sums over the reports of one process, in bytes (but `ghost_windows` and `host_object_urls`, which are counts). */
export type MemoryMeasures = Readonly<Record<string, number>>

const HEAP = 1

/** Measures that are one report, by its path. */
const BY_PATH: ReadonlyMap<string, string> = new Map([
  ['gfx-textures', 'gfx_textures'],
  ['ghost-windows', 'ghost_windows'],
  ['heap-allocated', 'heap_allocated'],
  ['host-object-urls', 'host_object_urls'],
  ['private', 'private'],
  ['resident', 'resident'],
  ['resident-unique', 'resident_unique'],
  ['system-heap/allocated', 'system_heap_allocated'],
  ['vsize', 'vsize'],
  ['vsize-max-contiguous', 'vsize_max_contiguous'],
])

/** Measures that are the sum of a branch of the tree of reports. */
const BY_BRANCH = [
  { start: 'explicit/heap-overhead/', measure: 'heap_overhead' },
  { start: 'explicit/images/', measure: 'images' },
  { start: 'explicit/window-objects/top(none)/detached/', measure: 'top_none_detached' },
  { start: 'js-main-runtime/', measure: 'js_main_runtime' },
] as const

/**
 * Sums the reports of the process (`Web Content (pid 1234)`) into the peer's 16 measures (specs/processor.md 1.3, 46); null when there is none.
 * What the heap holds beyond what was reported is `heap_unclassified`; it is negative where something was reported twice.
 */
export function measureMemory(reports: readonly unknown[], pid: number): MemoryMeasures | null {
  const measures: Record<string, number> = Object.fromEntries(
    [...BY_PATH.values(), ...BY_BRANCH.map(({ measure }) => measure)].map((measure) => [measure, 0]),
  )
  const explicit = { heap: 0, nonHeap: 0 }
  let isFound = false
  for (const report of reports.map(record)) {
    if (pidOf(textOrNull(report.process) ?? '') !== pid) continue
    isFound = true
    const path = textOrNull(report.path) ?? ''
    const amount = typeof report.amount === 'number' ? report.amount : 0
    if (path.startsWith('explicit/')) explicit[report.kind === HEAP ? 'heap' : 'nonHeap'] += amount
    const measure = BY_PATH.get(path) ?? BY_BRANCH.find(({ start }) => path.startsWith(start))?.measure
    if (measure !== undefined) measures[measure] = (measures[measure] ?? 0) + amount
  }
  if (!isFound) return null
  const heapAllocated = measures.heap_allocated ?? 0
  return { ...measures, explicit: heapAllocated + explicit.nonHeap, heap_unclassified: heapAllocated - explicit.heap }
}

function pidOf(process: string): number | null {
  const digits = /\(pid (\d{1,10})\)/.exec(process)?.[1] ?? /^pid (\d{1,10})$/.exec(process)?.[1] ?? null
  return digits === null ? null : Number(digits)
}
