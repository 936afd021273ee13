import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type TextLine, textLines } from './text-lines.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

async function* chunked(all: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < all.length; at += chunkBytes) yield all.subarray(at, at + chunkBytes)
}

async function read(text: string, chunkBytes = 3, maxLineBytes = 100): Promise<TextLine[]> {
  const lines: TextLine[] = []
  for await (const line of textLines(chunked(bytes(text), chunkBytes), maxLineBytes)) lines.push(line)
  return lines
}

describe('textLines', () => {
  it('gives each line with its number, without ends, outer white space and empty lines', async () => {
    expect(await read('a\r\n\n  b \n')).toEqual([
      { kind: 'line', number: 1, text: 'a' },
      { kind: 'line', number: 3, text: 'b' },
    ])
    expect(await read('last')).toEqual([{ kind: 'line', number: 1, text: 'last' }])
    expect(await read('')).toEqual([])
  })

  it('does not divide at what only some call a line end', async () => {
    expect(await read('a\u2028b\u2029c\u0085d\ve')).toHaveLength(1)
  })

  it('skips a line beyond the limit, not the one at it, and counts on', async () => {
    const line = (length: number) => 'x'.repeat(length)
    expect(await read(`${line(9)}\n${line(10)}\n${line(11)}\nend`, 4, 10)).toEqual([
      { kind: 'line', number: 1, text: line(9) },
      { kind: 'line', number: 2, text: line(10) },
      { kind: 'too_long', number: 3 },
      { kind: 'line', number: 4, text: 'end' },
    ])
  })

  it('gives the same lines however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 9 }), async (text, chunkBytes) => {
        expect(await read(text, chunkBytes, 1_000)).toEqual(await read(text, 10_000, 1_000))
      }),
    )
  })

  it('holds single bytes without a view each', async () => {
    const [line] = await read('y'.repeat(100_000), 1, 200_000)
    expect(line).toEqual({ kind: 'line', number: 1, text: 'y'.repeat(100_000) })
  })
})
