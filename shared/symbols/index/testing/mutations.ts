import type { Random } from './random.ts'

/** Ways to break a sym file: bytes changed, parts cut out, lines moved, fields replaced, another file's parts put in. */

const utf8 = (text: string) => new TextEncoder().encode(text)

/** Fields that a parser may stumble over. */
const FIELDS = [
  '0',
  'm',
  '-1',
  'ffffffff',
  '100000000',
  'ffffffffffffffff',
  '10000000000000000',
  '4294967295',
  '4294967296',
  'zz',
  '',
  '\t',
  '\r',
  'é',
  '1e9',
  '0x10',
] as const
const LINES = [
  ...[
    '',
    'FUNC 1000 10 0 again',
    'FUNC 1000 0 0 empty',
    'PUBLIC 1008 0 p',
    'INLINE_ORIGIN 0 other',
    'FILE 0 other.c',
    'INLINE 0 1 0 0 1000 8',
  ],
  ...[
    'STACK CFI INIT 1000 10 .cfa: $rsp 8 +',
    'STACK CFI 1004 .cfa: $rsp 16 +',
    'STACK WIN 4 1000 10 0 0 8 0 0 0 1 $T0 $ebp =',
    'INFO x',
    '1000 4 1 0',
  ],
] as const

const lines = (text: string) => text.split('\n')

type Mutation = (text: string, random: Random, other: string) => string | Uint8Array

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'bytes changed'(text, random) {
    const bytes = utf8(text)
    for (let count = 1 + random.below(4); count > 0; count -= 1) {
      bytes[random.below(bytes.length)] = random.chance(0.5)
        ? random.pick([0x0a, 0x0d, 0x20, 0x09, 0x00, 0xff])
        : random.below(256)
    }
    return bytes
  },
  'part cut out'(text, random) {
    const from = random.below(text.length)
    return random.chance(0.3)
      ? text.slice(0, from)
      : text.slice(0, from) + text.slice(from + 1 + random.below(random.chance(0.5) ? 8 : 400))
  },
  'lines moved'(text, random) {
    const all = lines(text)
    for (let count = 1 + random.below(6); count > 0; count -= 1) {
      const at = random.below(all.length)
      const moved = random.chance(0.5)
        ? all.splice(at, 1 + random.below(5))
        : [random.chance(0.5) ? random.pick(LINES) : random.pick(all)]
      all.splice(random.below(all.length), 0, ...moved)
    }
    return all.join('\n')
  },
  'fields replaced'(text, random) {
    const all = lines(text)
    for (let count = 1 + random.below(3); count > 0; count -= 1) {
      const at = random.below(all.length)
      const fields = (all[at] ?? '').split(' ')
      const field = random.below(fields.length)
      const found = fields[field] ?? ''
      // Mostly numbers that stay numbers: a refused file shows nothing of lookups.
      const nearby = /^[0-9a-f]+$/.test(found)
        ? (Number.parseInt(found, 16) ^ (1 << random.below(8))).toString(16)
        : found
      fields[field] = random.chance(0.8) ? nearby : random.pick(FIELDS)
      all[at] = fields.join(' ')
    }
    return all.join('\n')
  },
  'another file put in'(text, random, other) {
    const [ours, theirs] = [lines(text), lines(other)]
    const part = theirs.slice(random.below(theirs.length)).slice(0, 1 + random.below(40))
    ours.splice(random.below(ours.length), random.below(20), ...part)
    return ours.join('\n')
  },
}

/** One mutation of a kind. */
export function mutated(kind: string, bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const mutation = MUTATIONS[kind]
  if (mutation === undefined) throw new Error(`${kind} is no mutation`)
  const decoder = new TextDecoder()
  const result = mutation(decoder.decode(bytes), random, decoder.decode(other))
  return typeof result === 'string' ? utf8(result) : result
}
