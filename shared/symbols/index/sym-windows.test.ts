import { describe, expect, it } from 'vitest'
import { SymWindows, type Windowed } from './sym-windows.ts'

/** Lines as they come, by their length; those of "bad" are refused. */
function read(text: string, chunkBytes = 1_000): { lengths: number[]; lines: number; become: Windowed } {
  const lengths: number[] = []
  const taker = {
    lines: 0,
    take(bytes: Uint8Array, start: number, end: number): boolean {
      for (let at = start; at < end; ) {
        const newline = bytes.indexOf(0x0a, at)
        if (bytes[at] === 0x62) return false
        lengths.push(newline - at)
        this.lines++
        at = newline + 1
      }
      return true
    },
  }
  const windows = new SymWindows(taker)
  const bytes = new TextEncoder().encode(text)
  let become: Windowed = 'going_on'
  for (let at = 0; at < bytes.length && become === 'going_on'; at += chunkBytes) {
    become = windows.push(bytes.subarray(at, at + chunkBytes))
  }
  if (become === 'going_on') become = windows.end()
  return { lengths, lines: taker.lines, become }
}

const long = (length: number) => `${'x'.repeat(length)}\n`
const KIB = 1024

describe('the buffer of breakpad-symbols', () => {
  it('takes every line of a file, however the chunks lie', () => {
    const text = Array.from({ length: 3_000 }, (_, at) => long(at % 300)).join('')
    for (const chunk of [1, 7, 10 * KIB, 1 << 20]) {
      expect(read(text, chunk)).toMatchObject({ lines: 3_000, become: 'finished' })
      expect(read(text, chunk).lengths).toEqual(Array.from({ length: 3_000 }, (_, at) => at % 300))
    }
  })

  it('takes lines of 80 KB anywhere', () => {
    const text = Array.from({ length: 20 }, (_, at) => long(at * 37) + long(80 * KIB - 1 - at)).join('')
    expect(read(text)).toMatchObject({ lines: 40, become: 'finished' })
    expect(read(text).lengths.filter((length) => length > 1_000)).toHaveLength(20)
  })

  it('takes a line of 160 KB only where it is alone, and skips it else, counting it', () => {
    expect(read(long(160 * KIB - 1)).lengths).toEqual([160 * KIB - 1])
    expect(read(long(160 * KIB) + long(5))).toMatchObject({ lengths: [5], lines: 2, become: 'finished' })
    expect(read(long(5) + long(160 * KIB) + long(6))).toMatchObject({ lengths: [5, 6], lines: 3, become: 'finished' })
  })

  it('skips a line of 100 MB in the memory of its buffer', () => {
    expect(read(long(5) + long(100_000_000) + long(6), 1 << 20)).toMatchObject({ lengths: [5, 6], become: 'finished' })
  })

  it('refuses an empty file, and a last line without an end', () => {
    expect(read('').become).toBe('empty_file')
    expect(read('no end').become).toBe('empty_file')
    expect(read('one\nno end')).toMatchObject({ become: 'unended_last_line', lines: 1 })
  })

  it('drops a last line without an end once the buffer has its full size', () => {
    expect(read(`${long(100 * KIB)}no end`)).toMatchObject({ become: 'finished', lines: 1 })
  })

  it('stops at a refused line', () => {
    expect(read('one\nbad\nthree\n')).toMatchObject({ become: 'refused_line', lines: 1 })
  })
})
