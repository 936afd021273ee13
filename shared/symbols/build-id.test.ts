import { describe, expect, it } from 'vitest'
import { debugIdOf, parseBuildId } from './build-id.ts'

function debugId(text: string): string | null {
  const buildId = parseBuildId(text)
  return buildId === null ? null : debugIdOf(buildId)
}

describe('a build id', () => {
  it.each([
    // libc.so.6 of test/fixtures/crashes, as dump_syms wrote its MODULE and INFO CODE_ID lines.
    ['93ac61ec5a8eb1396f9fbd350e3169a558528a40', 'EC61AC938E5A39B16F9FBD350E3169A50'],
    ['0102030405060708', `0403020106050807${'0'.repeat(17)}`],
    ['00112233445566778899AABBCCDDEEFF', '33221100554477668899AABBCCDDEEFF0'],
  ])('%s has the debug id %s', (text, expected) => {
    expect(debugId(text)).toBe(expected)
  })

  it.each(['', 'ab', 'abc', 'xyz1', 'abcde', '../etc', 'ab'.repeat(65)])('%j is none', (text) => {
    expect(parseBuildId(text)).toBeNull()
  })
})
