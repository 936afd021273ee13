import { Random } from './random.ts'

/**
 * Big sym files of any size, written chunk by chunk, the same for the same seed: what the bench of the index runs on. Shares of records are those of big
 * C++ and Rust libraries (specs/symbols.md section 5): some 20 lines, 12 INLINE records and 3 STACK CFI rules a FUNC, long names that differ little.
 */

export interface BigSymOptions {
  readonly bytes: number
  readonly seed: number
  /** Of the bytes, what INLINE_ORIGIN lines take: 0.35 and more in dumps of Rust and C++ programs, 0.07 in symgen's (specs/symbols.md section 5). */
  readonly originShare: number
  /**
   * Whether ids are drawn from near the function's own place in the tables, as dump_syms numbers them (the 23 origins of a FUNC of the
   * fixture panic_abort lie within 3.4 runs of 128 ids), or from the whole table, which is the worst case and what symgen does.
   */
  readonly isLocal: boolean
}

/** A function that was written, to check answers with. */
export interface KnownFunction {
  readonly address: number
  readonly size: number
  readonly name: string
}

const CHUNK_CHARS = 1 << 20
const FILES_A_MB = 70
const ORIGIN_CHARS = 104
/** A FUNC with its records and its STACK CFI group. */
const FUNC_CHARS = 1_130
const NEAR_IDS = 60
const HOT_IDS = 300
const SPACES = [
  'net',
  'layout',
  'media',
  'raster',
  'jit',
  'store',
  'script',
  'codec',
  'table',
  'frame',
  'audio',
  'std',
  'core',
  'alloc',
] as const
const TYPES = [
  'Surface',
  'Decoder',
  'Scheduler',
  'Listener',
  'Registry',
  'Allocator',
  'Snapshot',
  'Pipeline',
  'Resolver',
  'Matcher',
] as const
const VERBS = [
  'prepare',
  'commit',
  'rotate',
  'measure',
  'enqueue',
  'compile',
  'attach',
  'release',
  'iterate',
  'compare',
  'hash',
] as const
const ARGUMENTS = [
  'int',
  'std::string_view',
  'unsigned long',
  'Context*',
  'Span<const uint8_t>',
  'RefPtr<T>&&',
  'bool',
  'double',
] as const

function longName(random: Random, tag: string): string {
  const type = `${random.pick(SPACES)}::${random.pick(TYPES)}`
  const draw = random.draw()
  if (draw < 0.5)
    return `${random.pick(SPACES)}::${type}<${random.pick(SPACES)}::${random.pick(TYPES)}<${random.pick(ARGUMENTS)}, ${random.pick(ARGUMENTS)}>>::${random.pick(VERBS)}_${tag}(${random.pick(ARGUMENTS)})`
  if (draw < 0.65) return `<${type}_${tag} as ${random.pick(SPACES)}::${random.pick(TYPES)}>::${random.pick(VERBS)}`
  return `${random.pick(SPACES)}::${type}::${random.pick(VERBS)}_${tag}(${random.pick(ARGUMENTS)}, ${random.pick(ARGUMENTS)}) const`
}

interface Call {
  readonly record: string
  readonly file: number
  readonly ranges: [start: number, size: number][]
}

/** Ids below a number: local ones lie around a centre, and one of five is among the most used of all. */
function idDraw(random: Random, ids: number, centre: number, isLocal: boolean): () => number {
  const [near, hot] = [Math.min(ids, NEAR_IDS), Math.min(ids, HOT_IDS)]
  const from = Math.max(0, Math.min(ids - near, Math.floor(centre * ids)))
  if (!isLocal) return () => random.below(ids)
  return () => (random.chance(0.2) ? random.below(hot) : from + random.below(near))
}

/** One FUNC with its INLINE and line records. */
function funcText(
  random: Random,
  address: number,
  name: string,
  file: () => number,
  origin: () => number,
): { text: string; size: number } {
  const blocks = random.chance(0.25) ? 1 : 2 + Math.floor(random.draw() * random.draw() * 105)
  const ownFile = file()
  const calls: Call[] = []
  let chain: Call[] = []
  let at = address
  let lines = ''
  for (let block = 0; block < blocks; block += 1) {
    const size = 1 + Math.floor(random.draw() * random.draw() * 70)
    const turn = random.draw()
    if (turn < 0.38 && chain.length < 7) {
      for (let more = 1 + (random.chance(0.45) ? 1 : 0) + (random.chance(0.2) ? 1 : 0); more > 0; more -= 1) {
        const record = `INLINE ${chain.length} ${1 + random.below(3_000)} ${chain.at(-1)?.file ?? ownFile} ${origin()}`
        const call = { record, file: file(), ranges: [] }
        calls.push(call)
        chain = [...chain, call]
      }
    } else if (turn < 0.68) {
      chain = chain.slice(0, random.below(chain.length + 1))
    }
    for (const { ranges } of chain) {
      const last = ranges.at(-1)
      if (last !== undefined && last[0] + last[1] === at) last[1] += size
      else ranges.push([at, size])
    }
    lines += `${at.toString(16)} ${size.toString(16)} ${random.chance(0.015) ? 0 : 1 + random.below(3_000)} ${chain.at(-1)?.file ?? ownFile}\n`
    at += size
  }
  const inlines = calls
    .filter(({ ranges }) => ranges.length > 0)
    .map(
      ({ record, ranges }) =>
        `${record} ${ranges.map(([start, size]) => `${start.toString(16)} ${size.toString(16)}`).join(' ')}\n`,
    )
  const size = at - address
  return { text: `FUNC ${address.toString(16)} ${size.toString(16)} 0 ${name}\n${inlines.join('')}${lines}`, size }
}

function cfiText(random: Random, address: number, size: number): string {
  const rules = ['$rbp', '$rbx', '$r12'].slice(0, 1 + random.below(3)).map((register, number) => {
    const offset = 16 + 8 * number
    return `STACK CFI ${(address + 1 + number).toString(16)} .cfa: $rsp ${offset} + ${register}: .cfa -${offset} + ^\n`
  })
  return `STACK CFI INIT ${address.toString(16)} ${size.toString(16)} .cfa: $rsp 8 + .ra: .cfa -8 + ^\n${rules.join('')}`
}

/** Writes the file; `known` is told of each function. The last chunks hold PUBLIC and STACK CFI, as dump_syms has it. */
export function* bigSym(
  options: BigSymOptions,
  known: (func: KnownFunction) => void,
): Generator<Uint8Array, void, void> {
  const { bytes: wanted, seed, originShare, isLocal } = options
  const random = new Random(seed)
  const encoder = new TextEncoder()
  const files = Math.max(20, Math.floor((wanted / 1e6) * FILES_A_MB))
  const origins = Math.max(50, Math.floor((wanted * originShare) / ORIGIN_CHARS))
  let text = 'MODULE Linux x86_64 5E1D0F3C2B4A69788796A5B4C3D2E1F00 libbig.so\nINFO CODE_ID 3C0F1D5E4A2B7869\n'
  let written = 0
  const full = function* (atLeast = CHUNK_CHARS) {
    if (text.length < atLeast) return
    written += text.length
    yield encoder.encode(text)
    text = ''
  }
  for (let id = 0; id < files; id += 1) {
    text += `FILE ${id} hg:hg.example.org/central:${random.pick(SPACES)}/${random.pick(TYPES).toLowerCase()}/${random.pick(VERBS)}${id}.cpp:${random.below(2 ** 32).toString(16)}${random.below(2 ** 32).toString(16)}\n`
    yield* full()
  }
  for (let id = 0; id < origins; id += 1) {
    text += `INLINE_ORIGIN ${id} ${longName(random, `I${id}`)}\n`
    yield* full()
  }
  const functions: { readonly address: number; readonly size: number }[] = []
  const rulesAFunction = 190
  const expected = (wanted * (1 - originShare)) / FUNC_CHARS
  for (let address = 0x1000; written + text.length + functions.length * rulesAFunction < wanted; ) {
    const name = longName(random, `F${functions.length}`)
    const centre = functions.length / expected
    const draw = (ids: number) => idDraw(random, ids, centre, isLocal)
    const func = funcText(random, address, name, draw(files), draw(origins))
    text += func.text
    functions.push({ address, size: func.size })
    known({ address, size: func.size, name })
    address += func.size + (random.chance(0.7) ? random.below(24) : 0)
    yield* full()
  }
  for (const { address, size } of functions) {
    if (random.chance(0.08)) text += `PUBLIC ${(address + size).toString(16)} 0 _${random.pick(VERBS)}_${address}\n`
    yield* full()
  }
  for (const { address, size } of functions) {
    text += cfiText(random, address, size)
    yield* full()
  }
  yield* full(1)
}
