import { describe, expect, it } from 'vitest'
import { type Column, valueAt } from './column.ts'
import { ColumnCache, FieldColumns } from './column-cache.ts'
import { encodeColumn } from './encode.ts'

/** A field whose chunks hold `count` texts each, those of the next chunk among them again, and how often a blob was read. */
function field(cache: ColumnCache, count: number, prefix = 'text') {
  const columns = new FieldColumns(cache)
  const reads: number[] = []
  const read = (chunk: number): Column | null =>
    columns.column(chunk, () => {
      reads.push(chunk)
      return encodeColumn(Array.from({ length: count }, (_, n) => `${prefix} ${chunk + n} ${'x'.repeat(100)}`))
    })
  return { columns, reads, read }
}

describe('the cache of decoded columns', () => {
  it('decodes a column once, and gives a value that chunks share one id', () => {
    const { read, reads } = field(new ColumnCache(1_000_000), 3)
    const [first, second] = [read(0), read(1)]
    expect(read(0)).toBe(first)
    expect(reads).toEqual([0, 1])
    if (first === null || second === null) throw new Error('no column')
    expect(second.dictionary).toBe(first.dictionary)
    expect(second.terms[1]).toBe(first.terms[2])
    expect(valueAt(second, 0)).toBe(valueAt(first, 1))
  })

  it('remembers that a chunk has no such column', () => {
    const columns = new FieldColumns(new ColumnCache(1_000_000))
    let reads = 0
    const read = () =>
      columns.column(0, () => {
        reads += 1
        return null
      })
    expect([read(), read(), reads]).toEqual([null, null, 1])
  })

  it('stays within its budget over all fields, and lets go of what was used longest ago', () => {
    const cache = new ColumnCache(100_000)
    const [a, b, c] = [field(cache, 200, 'a'), field(cache, 200, 'b'), field(cache, 200, 'c')]
    a.read(0)
    b.read(0)
    expect(cache.bytes).toBeGreaterThan(60_000)
    a.read(0)
    c.read(0)
    expect(cache.bytes).toBeLessThanOrEqual(100_000)
    a.read(0)
    expect(a.reads).toEqual([0])
    b.read(0)
    expect(b.reads).toEqual([0, 0])
    expect(cache.bytes).toBeLessThanOrEqual(100_000)
  })

  it('answers from a field that is larger than the budget, and holds no more than one segment of it', () => {
    const cache = new ColumnCache(10_000)
    const { read } = field(cache, 400)
    for (let chunk = 0; chunk < 5; chunk++) {
      expect(valueAt(read(chunk), 399)).toBe(`text ${chunk + 399} ${'x'.repeat(100)}`)
    }
  })

  it('forgets a column that was written anew', () => {
    const cache = new ColumnCache(1_000_000)
    const { columns, read, reads } = field(cache, 3)
    read(0)
    read(1)
    columns.outdate(1)
    expect(cache.bytes).toBe(0)
    read(1)
    expect(reads).toEqual([0, 1, 1])
  })
})
