import { describe, expect, it } from 'vitest'
import { nextPath } from './next-path.ts'

describe('nextPath', () => {
  it.each(['/', '/search/?signature=~js&_sort=-date', '/report/index/x#t3f7'])('keeps %s', (path) => {
    expect(nextPath(path)).toBe(path)
  })

  it.each([
    null,
    undefined,
    '',
    'search/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    'https://evil.example/',
    'https:evil.example',
    'javascript:alert(1)',
    '\u0000/',
    '/signin?next=/',
    '/signout',
    `/${'x'.repeat(2_000)}`,
  ])('answers / for %j', (text) => {
    expect(nextPath(text)).toBe('/')
  })
})
