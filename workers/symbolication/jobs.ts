import {
  MAX_SYMBOL_NAME_CHARS,
  MAX_SYMBOLICATION_FRAMES,
  MAX_SYMBOLICATION_JOBS,
  MAX_SYMBOLICATION_MODULES,
  MAX_SYMBOLICATION_STACKS,
} from '#shared/limits.ts'
import { type Refusal, refuse } from './answer.ts'
import type { AskedModule } from './asked-addresses.ts'

/** One frame of a stack. `module` is -1 for none, `offset` -1 for an unknown one. */
export interface AskedFrame {
  readonly module: number
  readonly offset: bigint
}

/** One job: stacks, and the modules that their frames count. */
export interface Job {
  readonly modules: readonly AskedModule[]
  readonly stacks: readonly (readonly AskedFrame[])[]
}

/** The modules that the frames of these stacks count; -1 among them. */
export function referencedModules(stacks: Job['stacks']): ReadonlySet<number> {
  const referenced = new Set<number>()
  for (const stack of stacks) for (const { module } of stack) referenced.add(module)
  return referenced
}

export type JobsReading = { readonly kind: 'read'; readonly jobs: readonly Job[] } | Refusal

type Reading<T> = { readonly kind: 'read'; readonly value: T } | { readonly kind: 'bad'; readonly text: string }
const read = <T>(value: T): Reading<T> => ({ kind: 'read', value })
const bad = (text: string): { readonly kind: 'bad'; readonly text: string } => ({ kind: 'bad', text })

/** What all jobs of a request hold together. */
interface Totals {
  modules: number
  stacks: number
  frames: number
}

/** The texts of the peer (specs/symbols.md 3.1), in its order. What it answers with a 500 is a 400 here: `null`, `{"jobs": null}`. */
export function readJobs(payload: unknown, version: 4 | 5): JobsReading {
  const values = version === 5 ? jobValues(payload) : [payload]
  if (values === null) return refuse('bad_request', 'jobs must be a list')
  if (values.length > MAX_SYMBOLICATION_JOBS) return refuse('bad_request', tooMany('jobs', MAX_SYMBOLICATION_JOBS))
  const totals: Totals = { modules: 0, stacks: 0, frames: 0 }
  const jobs: Job[] = []
  for (const [index, value] of values.entries()) {
    const job = readJob(value, index, totals)
    if (job.kind === 'bad') return refuse('bad_request', job.text)
    jobs.push(job.value)
  }
  return { kind: 'read', jobs }
}

const tooMany = (what: string, max: number) => `please limit number of ${what} in a single request to <= ${max}`

/** Null where `jobs` is no list. The peer takes `{}` for an empty one. */
function jobValues(payload: unknown): readonly unknown[] | null {
  if (!isObject(payload) || !Object.hasOwn(payload, 'jobs')) return [payload]
  const { jobs } = payload
  if (Array.isArray(jobs)) return jobs
  return isObject(jobs) && Object.keys(jobs).length === 0 ? [] : null
}

function readJob(value: unknown, index: number, totals: Totals): Reading<Job> {
  if (!isObject(value)) return bad(`job ${index} is invalid`)
  if (!Object.hasOwn(value, 'stacks')) return bad(`job ${index} is invalid: no stacks specified`)
  if (!Object.hasOwn(value, 'memoryMap')) return bad(`job ${index} is invalid: no memoryMap specified`)
  const modules = readModules(value.memoryMap, totals)
  if (modules.kind === 'bad') return bad(`job ${index} has invalid modules: ${modules.text}`)
  const stacks = readStacks(value.stacks, modules.value.length, totals)
  if (stacks.kind === 'bad') return bad(`job ${index} has invalid stacks: ${stacks.text}`)
  return read({ modules: modules.value, stacks: stacks.value })
}

const DEBUG_FILE = /^[A-Za-z0-9_.+{}@<> ~-]*$/
const DEBUG_ID = /^[A-Fa-f0-9]*$/

function readModules(value: unknown, totals: Totals): Reading<readonly AskedModule[]> {
  if (!Array.isArray(value)) return bad('modules must be a list')
  totals.modules += value.length
  if (totals.modules > MAX_SYMBOLICATION_MODULES) return bad(tooMany('modules', MAX_SYMBOLICATION_MODULES))
  const modules: AskedModule[] = []
  for (const [index, pair] of value.entries()) {
    if (!isPair(pair)) return bad(`module index ${index} does not have a debug_filename and debug_id`)
    const [debugFile, debugId] = pair
    if (!isName(debugFile, DEBUG_FILE)) return bad(`module index ${index} has an invalid debug_filename`)
    if (!isName(debugId, DEBUG_ID)) return bad(`module index ${index} has an invalid debug_id`)
    modules.push({ debugFile, debugId })
  }
  return read(modules)
}

/** A longer name is under no key of the store, and each frame of the answer would repeat it. */
function isName(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && value.length <= MAX_SYMBOL_NAME_CHARS && form.test(value)
}

function readStacks(value: unknown, moduleCount: number, totals: Totals): Reading<Job['stacks']> {
  if (!Array.isArray(value)) return bad('stacks must be a list of lists')
  if (value.length === 0) return bad('no stacks specified')
  totals.stacks += value.length
  if (totals.stacks > MAX_SYMBOLICATION_STACKS) return bad(tooMany('stacks', MAX_SYMBOLICATION_STACKS))
  const stacks: (readonly AskedFrame[])[] = []
  for (const [index, stack] of value.entries()) {
    if (!Array.isArray(stack)) return bad(`stack ${index} is not a list`)
    totals.frames += stack.length
    if (totals.frames > MAX_SYMBOLICATION_FRAMES) return bad(tooMany('frames', MAX_SYMBOLICATION_FRAMES))
    const frames: AskedFrame[] = []
    for (const [at, pair] of stack.entries()) {
      const frame = readFrame(pair, moduleCount)
      if (frame.kind === 'bad') return bad(`stack ${index} frame ${at} ${frame.text}`)
      frames.push(frame.value)
    }
    stacks.push(frames)
  }
  return read(stacks)
}

const MAX_OFFSET = 2n ** 64n - 1n

/** Integers come as number or bigint, all other numbers as NaN (exact-json.ts). `true`, which the peer takes for 1, is none. */
function readFrame(pair: unknown, moduleCount: number): Reading<AskedFrame> {
  if (!isPair(pair)) return bad('is not a list of two items')
  const [module, offset] = pair
  if (!isInteger(module)) return bad('has an invalid module_index')
  if (typeof module === 'bigint' || module < -1 || module >= moduleCount) {
    return bad("has a module_index that isn't in modules")
  }
  if (!isInteger(offset) || offset < -1 || offset > MAX_OFFSET) return bad('has an invalid module_offset')
  return read({ module, offset: BigInt(offset) })
}

function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isInteger(value)
}

function isPair(value: unknown): value is readonly [unknown, unknown] {
  return Array.isArray(value) && value.length === 2
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
