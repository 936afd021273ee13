import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_ZIP_ENTRIES, ZIP_BLOCK_BYTES } from '../limits.ts'
import { HeldBytes } from './held-bytes.ts'
import { BlockReader, type RangeSource } from './range-source.ts'
import { crc32, makeZip } from './testing/make-zip.ts'
import { memberContent, validateZip } from './validate-zip.ts'
import { listZip } from './zip.ts'

const RUNS = process.env.MAYDAY_TEST_SIZE === 'full' ? 20_000 : 1_000
const SEED = process.env.MAYDAY_SEED === undefined ? {} : { seed: Number(process.env.MAYDAY_SEED) }

function sourceOf(bytes: Uint8Array): RangeSource {
  return { size: bytes.length, read: async (offset, length) => bytes.slice(offset, offset + length) }
}

/** Everything of a zip: what is refused, or the files. */
async function readZip(bytes: Uint8Array) {
  const zip = await listZip(sourceOf(bytes), new HeldBytes())
  if (zip.kind === 'refused') return zip
  const valid = await validateZip(zip)
  if (valid.kind === 'refused') return valid
  const files = []
  for (const { member, dataOffset, facts } of valid.members) {
    const { crc32: crc, originalBytes } = facts
    const chunks: number[] = []
    for await (const chunk of memberContent(zip.reader, member, dataOffset)) chunks.push(...chunk)
    files.push({ key: member.key, content: Uint8Array.from(chunks), crc, originalBytes })
  }
  return { kind: 'read' as const, files }
}

const text = (value: string) => new TextEncoder().encode(value)
const ZIP = makeZip([
  { name: 'a/1/a.sym', data: text('MODULE Linux x86_64 1 a\nPUBLIC 1 0 f\n'.repeat(20)) },
  { name: 'b c/2/b.pd_', data: text('stored bytes'), stored: true },
  { name: 'd/3/d.sym', data: text('behind the data'), dataDescriptor: true },
  { name: 'e/4/e.sym', data: text('wide'), zip64: true },
  { name: 'x-symbols.txt', data: text('list') },
])

describe('a symbols zip', () => {
  it('reads files of every form', async () => {
    const zip = await readZip(ZIP)
    if (zip.kind !== 'read') throw new Error(JSON.stringify(zip))
    expect(zip.files.map(({ key, content }) => [key, new TextDecoder().decode(content).slice(0, 15)])).toEqual([
      ['a/1/a.sym', 'MODULE Linux x8'],
      ['b c/2/b.pd_', 'stored bytes'],
      ['d/3/d.sym', 'behind the data'],
      ['e/4/e.sym', 'wide'],
    ])
  })

  it('changed, cut or grown anywhere: named refusal, or files that are what their CRC says; nothing else', async () => {
    const edit = fc.record({ at: fc.nat(ZIP.length - 1), bytes: fc.uint8Array({ maxLength: 8 }), drop: fc.nat(8) })
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.boolean(), async (edits, keepsLength) => {
        let bytes: Uint8Array = ZIP
        for (const { at, bytes: put, drop } of edits) {
          const rest = bytes.slice(at + (keepsLength ? put.length : drop))
          bytes = Uint8Array.from([...bytes.slice(0, at), ...put, ...rest])
        }
        const zip = await readZip(bytes)
        if (zip.kind === 'refused') {
          expect(zip.refusal.reason).toEqual(expect.any(String))
          return
        }
        for (const { content, crc, originalBytes } of zip.files) {
          expect([content.length, crc32(content)]).toEqual([originalBytes, crc])
        }
      }),
      { numRuns: RUNS, ...SEED },
    )
  })

  it('has at most 5,000 entries, and a directory of at most 8 MiB', async () => {
    const empty = new Uint8Array(0)
    const entries = (count: number, name: (at: number) => string) =>
      makeZip(Array.from({ length: count }, (_, at) => ({ name: name(at), data: empty, stored: true })))
    const listed = async (zip: Uint8Array) => {
      const outcome = await listZip(sourceOf(zip), new HeldBytes())
      return outcome.kind === 'refused' ? outcome.refusal.reason : outcome.members.length
    }
    expect(await listed(entries(MAX_ZIP_ENTRIES, (at) => `a/${at}/a.sym`))).toBe(MAX_ZIP_ENTRIES)
    expect(await listed(entries(MAX_ZIP_ENTRIES + 1, (at) => `a/${at}/a.sym`))).toBe('too_many_entries')
    expect(await listed(entries(140, (at) => `${at}${'x'.repeat(65_000)}`))).toBe('directory_too_large')
  })

  it('a source that fails is not a bad zip', async () => {
    for (let fails = 0; fails < 3; fails++) {
      let reads = 0
      const zip = makeZip([{ name: 'a/1/a.sym', data: new Uint8Array(2 * ZIP_BLOCK_BYTES), stored: true }])
      const source = {
        size: zip.length,
        read: async (offset: number, length: number) => {
          if (reads++ === fails) throw new Error('R2 is down')
          return zip.slice(offset, offset + length)
        },
      }
      const read = listZip(source, new HeldBytes()).then((listed) =>
        listed.kind === 'listed' ? validateZip(listed) : listed,
      )
      await expect(read).rejects.toThrow('R2 is down')
    }
  })
})

describe('BlockReader', () => {
  const bytes = Uint8Array.from({ length: 3 * ZIP_BLOCK_BYTES + 5 }, (_, at) => at % 251)

  it('gives any range as it is, over the edges of blocks too, and holds two blocks', async () => {
    const held = new HeldBytes()
    const reader = new BlockReader(sourceOf(bytes), held)
    for (const [offset, length] of [
      [0, 10],
      [ZIP_BLOCK_BYTES - 3, 6],
      [ZIP_BLOCK_BYTES * 3 - 1, 100],
      [bytes.length, 5],
      [5, 0],
    ] as const) {
      expect(await reader.read(offset, length)).toEqual(bytes.slice(offset, offset + length))
    }
    let at = 7
    for await (const chunk of reader.stream(7, bytes.length)) {
      expect(crc32(chunk.subarray(0, 1_000))).toBe(crc32(bytes.subarray(at, at + Math.min(1_000, chunk.length))))
      at += chunk.length
    }
    expect(at).toBe(bytes.length)
    expect(held.peakBytes).toBeLessThanOrEqual(2 * ZIP_BLOCK_BYTES)
    reader.close()
    expect(held.currentBytes).toBe(0)
  })

  it('stops a reader that jumps about for ever', async () => {
    const reader = new BlockReader(sourceOf(bytes), new HeldBytes())
    const jump = async () => {
      for (let turn = 0; turn < 1_000; turn++) await reader.read((turn % 3) * ZIP_BLOCK_BYTES, 1)
    }
    await expect(jump()).rejects.toThrow('over and over')
  })
})
