import { Buffer } from 'node:buffer'
import { MAX_STRIP_CANDIDATES, MAX_STRIP_ENTRY_BYTES, MAX_STRIP_NAME_CHARS, STRIP_WINDOW_BYTES } from '../limits.ts'
import type { DumpBytes, Place } from './dump-bytes.ts'

/** Shorter contents of a whole stream would be found where something else is meant. */
const MIN_WHOLE_BYTES = 8
/** So much must be the same; then all of it goes. To compare more is dear where a dump was made to look alike everywhere. */
const COMPARED_CHARS = 128
/** Streams of one kind: a dump has one. */
const MAX_STREAMS = 8
/** Values of one variable: a shell exports it once. */
const MAX_VALUES = 8

/** Variable names, read from their end: a name ends at the `=`, and where in memory it begins nothing tells. */
interface NameEnd {
  readonly before: Map<number, NameEnd>
  /** Of the variable whose name is complete here. */
  readonly values: string[]
}

/** Finds copies of an environment in memory and zeroes them. Bytes are compared as Latin-1 text, one character each. */
export class CopySearch {
  readonly #names: NameEnd = { before: new Map(), values: [] }
  readonly #wholes: readonly string[]
  #longest = 0

  /** `environments`: contents of environment streams, each variable of which is looked for. `wholes`: contents that are looked for in one piece. */
  constructor(environments: readonly Uint8Array[], wholes: readonly Uint8Array[]) {
    for (const environment of environments.slice(0, MAX_STREAMS)) {
      for (const entry of latin1(environment).split('\0')) this.#add(entry.slice(0, MAX_STRIP_ENTRY_BYTES))
    }
    this.#wholes = wholes
      .slice(0, MAX_STREAMS)
      .map((whole) => latin1(whole).slice(0, MAX_STRIP_ENTRY_BYTES))
      .filter((whole) => whole.length >= MIN_WHOLE_BYTES && /[^\0]/.test(whole))
    this.#longest = Math.max(this.#longest, ...this.#wholes.map(({ length }) => length))
  }

  /** Zeroes every copy in these ranges. Answers how many bytes it changed. */
  zeroCopies(dump: DumpBytes, memory: readonly Place[]): number {
    if (this.#longest === 0) return 0
    let changed = 0
    let candidates = 0
    for (const { at, bytes } of disjoint(memory)) {
      for (let from = at; from < at + bytes; from += STRIP_WINDOW_BYTES) {
        const text = latin1(
          bytesOf(dump, { at: from, bytes: Math.min(STRIP_WINDOW_BYTES + this.#longest, at + bytes - from) }),
        )
        for (const whole of this.#wholes) {
          const begin = whole.slice(0, COMPARED_CHARS)
          for (let found = text.indexOf(begin); found >= 0; found = text.indexOf(begin, found + whole.length)) {
            changed += zero(dump, { at: from + found, bytes: Math.min(whole.length, text.length - found) })
          }
        }
        for (let sign = text.indexOf('='); sign >= 0; sign = text.indexOf('=', sign + 1)) {
          if (++candidates > MAX_STRIP_CANDIDATES) return changed
          const match = this.#entryAt(text, sign)
          if (match !== null) {
            changed += zero(dump, { at: from + match.start, bytes: Math.min(match.length, text.length - match.start) })
          }
        }
      }
    }
    return changed
  }

  #add(entry: string): void {
    const sign = entry.indexOf('=', 1)
    if (sign < 1 || sign > MAX_STRIP_NAME_CHARS || sign === entry.length - 1) return
    let name = this.#names
    for (let at = sign - 1; at >= 0; at--) {
      const next = name.before.get(entry.charCodeAt(at)) ?? { before: new Map(), values: [] }
      name.before.set(entry.charCodeAt(at), next)
      name = next
    }
    const value = entry.slice(sign + 1)
    if (name.values.length < MAX_VALUES && !name.values.includes(value)) name.values.push(value)
    this.#longest = Math.max(this.#longest, entry.length)
  }

  /** The variable whose `=` stands at `sign`. Of names that end there the longest counts: `A=` is also the end of `DATA=`. */
  #entryAt(text: string, sign: number): { readonly start: number; readonly length: number } | null {
    let found: { start: number; values: readonly string[] } | null = null
    let name: NameEnd | undefined = this.#names
    for (let start = sign - 1; start >= 0; start--) {
      name = name.before.get(text.charCodeAt(start))
      if (name === undefined) break
      if (name.values.length > 0) found = { start, values: name.values }
    }
    for (const value of found?.values ?? []) {
      if (found !== null && text.startsWith(value.slice(0, COMPARED_CHARS), sign + 1)) {
        return { start: found.start, length: sign - found.start + 1 + value.length }
      }
    }
    return null
  }
}

/** The same bytes in places that do not overlap: a thread's stack is listed as memory too. */
export function disjoint(places: readonly Place[]): readonly Place[] {
  const merged: { at: number; bytes: number }[] = []
  for (const { at, bytes } of [...places].sort((left, right) => left.at - right.at)) {
    const last = merged.at(-1)
    if (last !== undefined && at <= last.at + last.bytes) last.bytes = Math.max(last.bytes, at + bytes - last.at)
    else merged.push({ at, bytes })
  }
  return merged
}

/** The bytes of a place, one piece; nothing where it is not in the dump. */
export function bytesOf(dump: DumpBytes, place: Place): Uint8Array {
  const view = dump.view(place)
  return view === null ? new Uint8Array(0) : new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

/** Zeroes a place in the dump. Answers how many bytes it changed. */
export function zero(dump: DumpBytes, place: Place): number {
  let changed = 0
  for (const piece of dump.pieces(place) ?? []) {
    for (const byte of piece) if (byte !== 0) changed++
    piece.fill(0)
  }
  return changed
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
