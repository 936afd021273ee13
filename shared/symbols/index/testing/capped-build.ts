import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import process from 'node:process'
import { z } from 'zod'

/** Builds in a process of its own (build-child.ts) whose heap is capped. */

const CHILD = 'shared/symbols/index/testing/build-child.ts'
const DEADLINE_MS = 900_000
/** What the heap of the child may hold: a build that needs more dies. */
export const HEAP_CAP_MB = 64

const measuresSchema = z.object({
  seconds: z.number(),
  cpuSeconds: z.number(),
  peakHeap: z.number(),
  peakRss: z.number(),
  wrong: z.array(z.string()),
})
const factsSchema = z.object({ text_bytes: z.number(), index_bytes: z.number(), passes: z.number() })
const resultSchema = z.discriminatedUnion('kind', [
  measuresSchema.extend({ kind: z.literal('indexed'), facts: factsSchema }),
  measuresSchema.extend({ kind: z.literal('corrupt'), facts: factsSchema, line: z.number(), reason: z.string() }),
  z.object({
    kind: z.literal('thrown'),
    name: z.string(),
    message: z.string(),
    peakHeap: z.number(),
    peakRss: z.number(),
  }),
])

/** Bytes of heap and external memory at their most, as seen every 512 KB of text. */
export type CappedBuild = z.infer<typeof resultSchema> | { readonly kind: 'died'; readonly why: string }

export function cappedBuild(...args: readonly string[]): CappedBuild {
  const flags = [`--max-old-space-size=${HEAP_CAP_MB}`, '--max-semi-space-size=2']
  const ended = spawnSync(process.execPath, [...flags, CHILD, ...args], { encoding: 'utf8', timeout: DEADLINE_MS })
  if (ended.status !== 0) {
    const fatal = ended.stderr.split('\n').find((line) => line.includes('FATAL')) ?? ended.stderr.slice(0, 300)
    return { kind: 'died', why: `${ended.error ?? fatal}` }
  }
  return resultSchema.parse(JSON.parse(ended.stdout))
}

/** The build of a hostile file. */
export function cappedHostileBuild(kind: string, bytes: number): CappedBuild {
  const folder = mkdtempSync(`${tmpdir()}/mayday-hostile-`)
  try {
    return cappedBuild('hostile', kind, `${bytes}`, `${folder}/index`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
