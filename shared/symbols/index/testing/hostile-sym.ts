/**
 * Big sym files that a builder cannot hold: whatever it keeps of each record, there are too many of them. Every kind comes with a few answers that follow
 * from how it is made.
 */

export interface HostileSym {
  /** Lines without their newline. Called again for each pass; `count` is how many records to write. */
  lines(count: number): Generator<string, void, void>
  /** Bytes of one record, about. */
  readonly recordBytes: number
  /** Function or PUBLIC name at an address, null for none. */
  known(count: number): readonly (readonly [address: bigint, name: string | null])[]
}

const MODULE = 'MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 hostile.so'
const hex = (value: number) => value.toString(16)
const pad = (value: number) => value.toString(16).padStart(8, '0')
/** A permutation of 0 … count-1 that jumps about. */
const jumbled = (at: number, count: number) => Number((BigInt(at) * 2_654_435_761n) % BigInt(prime(count)))
/** The least number at or above that has no small divisor: then the multiplication above meets every number once. */
function prime(from: number): number {
  for (let candidate = from | 1; ; candidate += 2) {
    let divisor = 3
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor += 2
    if (divisor * divisor > candidate) return candidate
  }
}

export const HOSTILE_KINDS: Readonly<Record<string, HostileSym>> = {
  'one function of a million lines': {
    recordBytes: 22,
    *lines(count) {
      yield* [MODULE, 'FILE 0 a.c', `FUNC 1000 ${hex(count * 4)} 0 giant`]
      for (let at = 0; at < count; at += 1) yield `${hex(0x1000 + at * 4)} 4 ${at % 60_000} 0`
    },
    known: (count) => [
      [0x1000n, 'giant'],
      [BigInt(0x1000 + count * 4 - 1), 'giant'],
      [BigInt(0x1000 + count * 4), null],
    ],
  },
  'one function of a million INLINE records': {
    recordBytes: 32,
    *lines(count) {
      yield* [MODULE, 'FILE 0 a.c', 'INLINE_ORIGIN 0 in', `FUNC 1000 ${hex(count * 4)} 0 giant`]
      for (let at = count - 1; at >= 0; at -= 1) yield `INLINE ${at % 3} ${at % 60_000} 0 0 ${hex(0x1000 + at * 4)} 9`
    },
    known: (count) => [
      [0x1000n, 'giant'],
      [BigInt(0x1000 + count * 4 - 1), 'giant'],
    ],
  },
  'FUNC records all at one address': {
    recordBytes: 55,
    *lines(count) {
      yield MODULE
      for (let at = 0; at < count; at += 1)
        yield `FUNC 1000 ${hex(count + 10 - at)} 0 at_one_address_with_a_long_name_${pad(at)}`
    },
    known: (count) => [
      [0x1000n, `at_one_address_with_a_long_name_${pad(count - 1)}`],
      [0x100an, `at_one_address_with_a_long_name_${pad(count - 1)}`],
      [0x100bn, null],
    ],
  },
  'FUNC records in descending order': {
    recordBytes: 70,
    *lines(count) {
      yield* [MODULE, 'FILE 0 a.c']
      for (let at = count - 1; at >= 0; at -= 1)
        yield* [`FUNC ${hex(0x1000 + at * 16)} 10 0 descending_function_${pad(at)}`, `${hex(0x1000 + at * 16)} 10 1 0`]
    },
    known: (count) => [
      [0x1000n, 'descending_function_00000000'],
      [BigInt(0x1000 + count * 16 - 1), `descending_function_${pad(count - 1)}`],
    ],
  },
  'FUNC and CFI records in no order': {
    recordBytes: 120,
    *lines(count) {
      yield MODULE
      for (let at = 0; at < prime(count); at += 1) {
        const address = hex(0x1000 + jumbled(at, count) * 16)
        yield* [
          `FUNC ${address} 10 0 jumbled_function_${address}`,
          `STACK CFI INIT ${address} 10 .cfa: $rsp 8 + .ra: .cfa -8 + ^`,
        ]
      }
    },
    known: (count) => [
      [0x1000n, 'jumbled_function_1000'],
      [BigInt(0x1000 + (count - 1) * 16 + 15), `jumbled_function_${hex(0x1000 + (count - 1) * 16)}`],
    ],
  },
  'PUBLIC records in descending order': {
    recordBytes: 45,
    *lines(count) {
      yield MODULE
      for (let at = count - 1; at >= 0; at -= 1) yield `PUBLIC ${hex(0x1000 + at * 16)} 0 descending_symbol_${pad(at)}`
    },
    known: (count) => [
      [0xfffn, null],
      [0x1001n, 'descending_symbol_00000000'],
      [2n ** 64n - 1n, `descending_symbol_${pad(count - 1)}`],
    ],
  },
  'PUBLIC records all at one address': {
    recordBytes: 45,
    *lines(count) {
      yield MODULE
      for (let at = 0; at < count; at += 1) yield `PUBLIC 1000 0 one_address_symbol_${pad(count - 1 - at)}`
    },
    known: (count) => [
      [0xfffn, null],
      [0x1000n, `one_address_symbol_${pad(count - 1)}`],
    ],
  },
  'INLINE_ORIGIN names in descending order, then used in no order': {
    recordBytes: 170,
    *lines(count) {
      yield* [MODULE, 'FILE 0 a.c']
      for (let at = count - 1; at >= 0; at -= 1)
        yield `INLINE_ORIGIN ${at} origin::${pad(jumbled(at, count))}::of_a_name_that_is_fairly_long::${pad(at)}`
      for (let at = 0; at < count; at += 1) {
        const address = hex(0x1000 + at * 16)
        yield* [`FUNC ${address} 10 0 user_${at}`, `INLINE 0 1 0 ${jumbled(at, count) % count} ${address} 8`]
      }
    },
    known: (count) => [
      [0x1000n, 'user_0'],
      [BigInt(0x1000 + count * 16 - 1), `user_${count - 1}`],
    ],
  },
  'tables behind their use, each id many times': {
    recordBytes: 110,
    *lines(count) {
      yield MODULE
      for (let at = 0; at < count; at += 1) {
        const address = hex(0x1000 + at * 16)
        yield* [`FUNC ${address} 10 0 early_${at}`, `INLINE 0 1 ${at} ${at} ${address} 8`, `${address} 10 5 ${at}`]
      }
      for (let at = 0; at < count; at += 1)
        yield* [`FILE ${at >> 1} source/file_${pad(at)}.cpp`, `INLINE_ORIGIN ${at >> 1} late_origin_${pad(at)}`]
    },
    known: (count) => [
      [0x1000n, 'early_0'],
      [BigInt(0x1000 + count * 16 - 1), `early_${count - 1}`],
    ],
  },
  'FILE names alone': {
    recordBytes: 60,
    *lines(count) {
      yield MODULE
      for (let at = 0; at < count; at += 1)
        yield `FILE ${jumbled(at, count)} a/source/file/with/a/long/path_${pad(jumbled(at, count))}.cpp`
    },
    known: () => [[0x1000n, null]],
  },
  'one CFI group of a million rules': {
    recordBytes: 42,
    *lines(count) {
      yield* [MODULE, `STACK CFI INIT 1000 ${hex(count)} .cfa: $rsp 8 + .ra: .cfa -8 + ^`]
      for (let at = 0; at < count; at += 1) yield `STACK CFI ${hex(0x1000 + at)} .cfa: $rsp ${at} + $rbp: .cfa -16`
    },
    known: () => [[0x1000n, null]],
  },
  'STACK WIN records in descending order': {
    recordBytes: 80,
    *lines(count) {
      yield* [MODULE, `FUNC 1000 ffffff00 0 all`]
      for (let at = count - 1; at >= 0; at -= 1)
        yield `STACK WIN 4 ${hex(0x1000 + at * 4)} 4 0 0 ${hex(at % 64)} 0 0 0 1 $T0 ${at} = $eip $T0 4 + ^ =`
    },
    known: () => [[0x1000n, 'all']],
  },
  'lines that are skipped, each of 1 MB': {
    recordBytes: 1_000_000,
    *lines(count) {
      yield MODULE
      for (let at = 0; at < count; at += 1)
        yield* [`PUBLIC ${hex(0x2000 + at)} 0 ${'skipped '.repeat(125_000)}`, `PUBLIC ${hex(0x1000 + at)} 0 kept_${at}`]
    },
    known: (count) => [
      [0x1000n, 'kept_0'],
      [0x2000n, `kept_${count - 1}`],
    ],
  },
  'blank lines': {
    recordBytes: 1,
    *lines(count) {
      yield* [MODULE, 'PUBLIC 1000 0 before']
      for (let at = 0; at < count; at += 1) yield ''
      yield 'PUBLIC 2000 0 behind'
    },
    known: () => [
      [0x1000n, 'before'],
      [0x2000n, 'behind'],
    ],
  },
}

const CHUNK_CHARS = 65_536

/** The bytes of a kind, of about this size. */
export function* hostileBytes(kind: string, bytes: number): Generator<Uint8Array, void, void> {
  const encoder = new TextEncoder()
  let text = ''
  for (const line of hostileKind(kind).lines(recordCount(kind, bytes))) {
    text += `${line}\n`
    if (text.length < CHUNK_CHARS) continue
    yield encoder.encode(text)
    text = ''
  }
  yield encoder.encode(text)
}

export function hostileKind(kind: string): HostileSym {
  const found = HOSTILE_KINDS[kind]
  if (found === undefined) throw new Error(`${kind} is no hostile kind`)
  return found
}

export const recordCount = (kind: string, bytes: number) => Math.ceil(bytes / hostileKind(kind).recordBytes)
