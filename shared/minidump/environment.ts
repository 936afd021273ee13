import { MAX_STRIP_STREAM_BYTES } from '../limits.ts'
import { type MinidumpDirectory, placeAt, readDirectory, STREAM, streamView } from './directory.ts'
import type { DumpBytes, Place } from './dump-bytes.ts'
import { bytesOf, CopySearch, zero } from './environment-copies.ts'
import { FragmentSearch } from './environment-fragments.ts'
import { readMemoryRanges } from './memory.ts'
import { readThreads } from './threads.ts'

/**
 * What was zeroed in a dump, as `metadata.stripped` says it: the Linux streams, and in memory what they are copies of
 * (command line, environment and the program's path lie at the top of the main stack).
 */
export type Stripped = 'environ' | 'auxv' | 'cmd_line' | 'memory'

/** What stripping a dump gave. `unreadable`: it is no minidump, or is cut before its list of streams, and was left as it is. */
export type Stripping =
  | { readonly kind: 'stripped'; readonly stripped: readonly Stripped[] }
  | { readonly kind: 'unreadable' }

/**
 * Zeroes the environment, the auxiliary vector and the command line of a Linux minidump in place (DESIGN.md section 4): a minidump has whatever the person's
 * shell exported, tokens and passwords included. The streams are zeroed whole; in memory, the strings at the top of a stack, which are there also where a
 * dumper wrote no streams (Crashpad), and of both every `NAME=value`, the command line, the auxiliary vector, every value of 8 bytes and more, and any 16 bytes
 * in a row, in vector registers too. Offsets and sizes stay, so the dump walks as before (but for frames
 * that scanning makes of the auxiliary vector). Linear in the dump's size; no input throws.
 */
export function stripEnvironment(dump: DumpBytes): Stripping {
  const directory = readDirectory(dump)
  if (directory.kind === 'unreadable') return { kind: 'unreadable' }
  const environ = placesOfType(directory, STREAM.linuxEnvironment)
  const auxv = placesOfType(directory, STREAM.linuxAuxv)
  const cmdLine = placesOfType(directory, STREAM.linuxCommandLine)
  const memory = memoryOf(dump, directory)
  const read = (places: readonly Place[]) =>
    places.map(({ at, bytes }) => bytesOf(dump, { at, bytes: Math.min(bytes, MAX_STRIP_STREAM_BYTES) }))
  const topStrings = topStringsOf(dump, memory)
  const copies = new CopySearch(read([...environ, ...topStrings]), [...read(auxv), ...read(cmdLine)])
  const fragments = new FragmentSearch(read([...environ, ...cmdLine, ...topStrings]))
  const zeroed: Readonly<Record<Stripped, number>> = {
    environ: zeroAll(dump, environ),
    auxv: zeroAll(dump, auxv),
    cmd_line: zeroAll(dump, cmdLine),
    memory:
      zeroAll(dump, topStrings) +
      copies.zeroCopies(dump, memory) +
      fragments.zeroFragments(dump, [...memory, ...contextsOf(dump, directory)]),
  }
  const order: readonly Stripped[] = ['environ', 'auxv', 'cmd_line', 'memory']
  return { kind: 'stripped', stripped: order.filter((what) => zeroed[what] > 0) }
}

function placesOfType({ streams, cut }: MinidumpDirectory, type: number): readonly Place[] {
  return [...streams, ...cut].flatMap((stream) => (stream.type === type ? [stream.place] : []))
}

/** Stacks and other memory that lies in the dump, each range once. */
function memoryOf(dump: DumpBytes, directory: MinidumpDirectory): readonly Place[] {
  const places = new Map<string, Place>()
  for (const { stack } of readThreads(dump, directory))
    places.set(`${stack.place.at} ${stack.place.bytes}`, stack.place)
  for (const { place } of readMemoryRanges(dump, directory)) places.set(`${place.at} ${place.bytes}`, place)
  return [...places.values()].filter(({ at, bytes }) => bytes > 0 && at + bytes <= dump.length)
}

/** Where the exception says that its thread's registers lie. */
const EXCEPTION = { bytes: 168, context: 160 }

/** Registers of all threads. */
function contextsOf(dump: DumpBytes, directory: MinidumpDirectory): readonly Place[] {
  const exception = streamView(dump, directory, STREAM.exception, EXCEPTION.bytes)
  return [
    ...readThreads(dump, directory).map(({ context }) => context),
    ...(exception?.byteLength === EXCEPTION.bytes ? [placeAt(exception, EXCEPTION.context)] : []),
  ].filter(({ at, bytes }) => bytes > 0 && at + bytes <= dump.length)
}

function zeroAll(dump: DumpBytes, places: readonly Place[]): number {
  return places.reduce((changed, place) => changed + zero(dump, place), 0)
}

const NUL = 0
/** The kernel ends a main stack with one null pointer, below which the program's path ends with its NUL; rounding may add some. */
const TOP_ZEROES = { min: 5, max: 16 }
const TOP_LOOK_BYTES = 32

/**
 * Where the strings lie with which the kernel fills the top of a main stack: from the end down the program's path, the environment, the command line, up to an
 * empty string. Memory that does not end so, with a `NAME=` in it, is another thread's or no stack.
 */
function topStringsOf(dump: DumpBytes, memory: readonly Place[]): readonly Place[] {
  return memory.flatMap(({ at, bytes }) => {
    const end = at + bytes
    const looked = Math.min(TOP_LOOK_BYTES, bytes)
    const zeroes = zeroesAtEnd(bytesOf(dump, { at: end - looked, bytes: looked }))
    if (zeroes < TOP_ZEROES.min || zeroes > TOP_ZEROES.max || zeroes === looked) return []
    const topBytes = Math.min(bytes, MAX_STRIP_STREAM_BYTES)
    const top = bytesOf(dump, { at: end - topBytes, bytes: topBytes })
    const start = startOfStrings(top, topBytes - zeroes)
    return hasVariable(top.subarray(start)) ? [{ at: end - topBytes + start, bytes: topBytes - start }] : []
  })
}

function zeroesAtEnd(bytes: Uint8Array): number {
  let zeroes = 0
  while (zeroes < bytes.length && bytes[bytes.length - 1 - zeroes] === NUL) zeroes++
  return zeroes
}

/** Where the run of strings begins that ends at `end`: behind the last two zeroes in a row. */
function startOfStrings(bytes: Uint8Array, end: number): number {
  let start = end
  while (start > 0 && !(bytes[start - 1] === NUL && (start === 1 || bytes[start - 2] === NUL))) start--
  return start
}

/** Whether a string begins `NAME=`. */
function hasVariable(bytes: Uint8Array): boolean {
  return /(?:^|\0)[A-Za-z_][A-Za-z0-9_]*=/.test(new TextDecoder('latin1').decode(bytes))
}
