import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readColumns } from './columns.ts'
import { FORMAT_VERSION, HEAD_BYTES, inflateBlock, readTail, TAIL_BYTES } from './index-file.ts'
import { buildInMemory, openInMemory } from './testing/index-in-memory.ts'
import { readUpperIndex } from './upper-index.ts'

const page = readFileSync('docs/reference/symbol-index.md', 'utf8')
const [, sym = ''] = /```sym\n(.*?)```/s.exec(page) ?? []
const rows = [...page.matchAll(/^\| (\d+) [^|]*\|[^|]*\|([^|]*)\|/gm)].map(([, column = '', bytes = '']) => ({
  column: Number(column),
  bytes: bytes.replaceAll('`', '').trim(),
}))

describe('docs/reference/symbol-index.md', () => {
  it('shows the functions block of its example, byte for byte', async () => {
    const { index } = await buildInMemory(new TextEncoder().encode(sym))
    const { upper, seed } = readTail(index.subarray(-TAIL_BYTES), index.length)
    const block = ({ offset, length }: { offset: number; length: number }) =>
      inflateBlock(index.subarray(offset, offset + length), offset, seed)
    const [place] = readUpperIndex(block(upper)).directories.functions.places
    if (place === undefined) throw new Error('no block')
    expect(place.offset).toBe(HEAD_BYTES)
    expect(rows.map(({ column }) => column)).toEqual(rows.map((_, at) => at))
    const columns = readColumns(block(place), rows.length)
    expect(columns.map((column) => hexOf(column.bytes.subarray(column.start, column.end)))).toEqual(
      rows.map(({ bytes }) => bytes),
    )
  })

  it('names the version, and the size of head and tail', () => {
    expect(page).toContain(`Format version: ${FORMAT_VERSION}.`)
    expect(page).toContain(`| head | ${HEAD_BYTES} |`)
    expect(page).toContain(`| tail | ${TAIL_BYTES} |`)
  })

  it('has an example whose answers are those of the text', async () => {
    const { index } = await buildInMemory(new TextEncoder().encode(sym))
    const opened = await openInMemory(index)
    if (opened.kind !== 'open') throw new Error(opened.kind)
    expect(await opened.index.lookup([0x1014n, 0x1028n, 0x1030n, 0x1041n])).toEqual([
      {
        ...{ kind: 'function', name: 'main', address: 0x1000n, size: 0x30n, file: 'main.c', line: 7 },
        inlines: [{ function: 'list_first', file: 'list.h', line: 41 }],
      },
      { kind: 'function', name: 'main', address: 0x1000n, size: 0x30n, file: 'main.c', line: 8, inlines: [] },
      { kind: 'none' },
      { kind: 'public', name: '_start', address: 0x1040n },
    ])
    expect((await opened.index.records([0x1014n], 10_000)).text).toBe(sym.replace(/PUBLIC.*\n/, ''))
  })
})

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
