import type { FrameTexts } from './answer-v5.ts'
import { moduleKey } from './asked-addresses.ts'
import { type Job, referencedModules } from './jobs.ts'

/**
 * The peer's `debug` object (specs/symbols.md 3.1), in seconds and bytes, of what happens here: lookups count blocks and held answers, downloads are the range reads
 * of block indexes, and nothing is parsed or saved, because indexes were made at upload.
 */
export function debugReport(jobs: readonly Job[], symbols: FrameTexts, elapsedMs: number): string {
  const known = [...symbols].map(([key, { found, cost }]) => ({ key, isFound: found !== null, cost }))
  const total = (of: (cost: (typeof known)[number]['cost']) => number) =>
    known.reduce((sum, { cost }) => sum + of(cost), 0)
  const byModule = (isWanted: boolean, of: (cost: (typeof known)[number]['cost']) => number) =>
    Object.fromEntries(known.filter(({ isFound }) => isFound === isWanted).map(({ key, cost }) => [key, of(cost)]))
  const seconds = ({ time_ms }: { readonly time_ms: number }) => time_ms / 1_000
  const stacksOfModule = stacksByModule(jobs)
  return JSON.stringify({
    time: elapsedMs / 1_000,
    cache_lookups: {
      count: total(({ cached_blocks, range_reads }) => cached_blocks + range_reads),
      hits: total(({ cached_blocks }) => cached_blocks),
      time: 0,
    },
    downloads: {
      count: total(({ range_reads }) => range_reads),
      size: total(({ read_bytes }) => read_bytes),
      time: total(seconds),
      size_per_module: byModule(true, ({ read_bytes }) => read_bytes),
      time_per_module: byModule(true, seconds),
      fail_time_per_module: byModule(false, seconds),
    },
    parse_sym: { time: 0, time_per_module: {}, fail_time_per_module: {} },
    save_symcache: { time: 0, time_per_module: {} },
    modules: { count: stacksOfModule.size, stacks_per_module: Object.fromEntries(stacksOfModule) },
  })
}

function stacksByModule(jobs: readonly Job[]): ReadonlyMap<string, number> {
  const stacks = new Map<string, number>()
  for (const { modules, stacks: ofJob } of jobs) {
    for (const stack of ofJob) {
      const keys = new Set([...referencedModules([stack])].flatMap((index) => modules[index] ?? []).map(moduleKey))
      for (const key of keys) stacks.set(key, (stacks.get(key) ?? 0) + 1)
    }
  }
  return stacks
}
