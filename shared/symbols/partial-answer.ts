import { FORMAT_VERSION } from './index/index-file.ts'
import type { IndexedModule, PartialRecords, SymbolIndex } from './index/symbol-index.ts'
import type { PartialOutcome } from './symbols-rpc.ts'

const MAX_ADDRESS = 2n ** 64n - 1n

/** The records around addresses of one module, in at most `mostBytes` of text. Numbers that are no addresses of 64 bits are let be. */
export async function partialText(
  index: SymbolIndex,
  asked: readonly bigint[],
  mostBytes: number,
): Promise<Extract<PartialOutcome, { kind: 'found' }>> {
  const addresses = asked.filter((address) => address >= 0n && address <= MAX_ADDRESS)
  const records = await recordsIn(index, addresses, mostBytes - addresses.length * COVERS_BYTES)
  const ranges = records.ranges.map(({ start, end }) => [hex(start), hex(end)] as const)
  return {
    kind: 'found',
    etag: partialEtag(index),
    sym: withCovers(records.text, ranges),
    ranges,
    unanswered: records.unanswered.map(hex),
  }
}

/** Less is not worth asking for: the MODULE line alone may have 600 bytes. */
const LEAST_BYTES = 4_096

async function recordsIn(index: SymbolIndex, addresses: readonly bigint[], mostBytes: number): Promise<PartialRecords> {
  if (mostBytes >= LEAST_BYTES) return index.records(addresses, mostBytes)
  return { text: moduleLine(index.module), ranges: [], unanswered: addresses }
}

function moduleLine({ os, arch, debug_id, debug_file }: IndexedModule): string {
  return `MODULE ${os} ${arch} ${debug_id} ${debug_file}\n`
}

/** Changes when the sym file does, and when a release writes another text of it. */
export function partialEtag({ sym_etag }: Pick<SymbolIndex, 'sym_etag'>): string {
  return `${sym_etag}-${FORMAT_VERSION}.${PARTIAL_FORM}`
}

/** Raised with every change of the text that is made of an index. */
const PARTIAL_FORM = 1

/** `INFO COVERS <start> <end>`: two addresses of 16 digits, the second maybe 2^64. */
const COVERS_BYTES = 'INFO COVERS 0123456789abcdef 10000000000000000\n'.length

/**
 * The text with the ranges that it answers for, right after its MODULE line: breakpad-symbols skips INFO lines that it does not know, and a text
 * that was kept says itself what it is good for.
 */
function withCovers(text: string, ranges: readonly (readonly [start: string, end: string])[]): string {
  const moduleEnd = text.indexOf('\n') + 1
  const covers = ranges.map(([start, end]) => `INFO COVERS ${start} ${end}\n`).join('')
  return `${text.slice(0, moduleEnd)}${covers}${text.slice(moduleEnd)}`
}

function hex(address: bigint): string {
  return address.toString(16)
}
