import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isUnchanged, mayResume, readByteRange } from './byte-range.ts'

const part = (offset: number, length: number) => ({ kind: 'part', offset, length })

describe('readByteRange', () => {
  it.each([
    ['bytes=0-0', part(0, 1)],
    ['bytes=0-99', part(0, 100)],
    ['bytes=0-1000', part(0, 100)],
    ['bytes=99-', part(99, 1)],
    ['bytes=10-19', part(10, 10)],
    ['Bytes= 10-19 ', part(10, 10)],
    ['bytes=-1', part(99, 1)],
    ['bytes=-100', part(0, 100)],
    ['bytes=-101', part(0, 100)],
    ['bytes=100-', { kind: 'unsatisfiable' }],
    ['bytes=100-200', { kind: 'unsatisfiable' }],
    ['bytes=-0', { kind: 'unsatisfiable' }],
    [null, { kind: 'whole' }],
    ['', { kind: 'whole' }],
    ['bytes=-', { kind: 'whole' }],
    ['bytes=9-8', { kind: 'whole' }],
    ['bytes=0-1,5-6', { kind: 'whole' }],
    ['lines=0-1', { kind: 'whole' }],
    ['bytes=a-b', { kind: 'whole' }],
    [`bytes=${'9'.repeat(400)}-`, { kind: 'whole' }],
  ])('of 100 bytes, %j is %j', (header, range) => {
    expect(readByteRange(header, 100)).toEqual(range)
  })

  it('an empty file has no part', () => {
    expect(readByteRange('bytes=0-', 0)).toEqual({ kind: 'unsatisfiable' })
    expect(readByteRange('bytes=-5', 0)).toEqual({ kind: 'unsatisfiable' })
  })

  it('never leaves the file, whatever is sent', () => {
    const header = fc.oneof(
      fc.tuple(fc.nat(300), fc.nat(300)).map(([first, last]) => `bytes=${first}-${last}`),
      fc.nat(300).map((last) => `bytes=-${last}`),
      fc.string().map((text) => `bytes=${text}`),
    )
    fc.assert(
      fc.property(header, fc.nat(200), (text, size) => {
        const range = readByteRange(text, size)
        if (range.kind !== 'part') return
        expect(range.offset).toBeGreaterThanOrEqual(0)
        expect(range.length).toBeGreaterThan(0)
        expect(range.offset + range.length).toBeLessThanOrEqual(size)
      }),
      { numRuns: 2_000 },
    )
  })
})

const stored = { etag: '"abc"', modified: new Date('2026-11-23T10:00:00.500Z') }

describe('isUnchanged', () => {
  it.each([
    [{ 'If-None-Match': '"abc"' }, true],
    [{ 'If-None-Match': 'W/"abc"' }, true],
    [{ 'If-None-Match': '"x", W/"abc"' }, true],
    [{ 'If-None-Match': '*' }, true],
    [{ 'If-None-Match': '"x"', 'If-Modified-Since': 'Mon, 23 Nov 2026 10:00:00 GMT' }, false],
    [{ 'If-None-Match': '' }, false],
    [{ 'If-Modified-Since': 'Mon, 23 Nov 2026 10:00:00 GMT' }, true],
    [{ 'If-Modified-Since': 'Mon, 23 Nov 2026 09:59:59 GMT' }, false],
    [{ 'If-Modified-Since': 'yesterday' }, false],
    [{}, false],
  ])('%j → %j', (headers, expected) => {
    expect(isUnchanged(new Headers(headers as Record<string, string>), stored)).toBe(expected)
  })
})

describe('mayResume', () => {
  it.each([
    [{}, true],
    [{ 'If-Range': '"abc"' }, true],
    [{ 'If-Range': 'W/"abc"' }, false],
    [{ 'If-Range': '"other"' }, false],
    [{ 'If-Range': 'Mon, 23 Nov 2026 10:00:00 GMT' }, true],
    [{ 'If-Range': 'Mon, 23 Nov 2026 10:00:01 GMT' }, false],
    [{ 'If-Range': 'nonsense' }, false],
  ])('%j → %j', (headers, expected) => {
    expect(mayResume(new Headers(headers as Record<string, string>), stored)).toBe(expected)
  })
})
