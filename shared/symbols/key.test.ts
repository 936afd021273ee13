import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { indexObjectKey, parseSymbolKey, readMemberName, symbolKeySegments, symbolObjectKey } from './key.ts'

describe('parseSymbolKey', () => {
  it.each([
    ['xul.pdb/44E4EC8C2F41492B9369D6B9A059577C2/xul.sym', 'xul.pdb/44E4EC8C2F41492B9369D6B9A059577C2/xul.sym'],
    ['xul.pdb/44e4ec8c2/xul.sym', 'xul.pdb/44E4EC8C2/xul.sym'],
    ['Electron Framework/AB/Electron Framework.sym', 'Electron Framework/AB/Electron Framework.sym'],
    ['汉.pdb/AB/汉.sym', '汉.pdb/AB/汉.sym'],
    ['lib~bpo12+rpt1@2.so/0/lib.so', 'lib~bpo12+rpt1@2.so/0/lib.so'],
    ['.hidden/AB/..almost', '.hidden/AB/..almost'],
    [`${'a'.repeat(255)}/AB/c`, `${'a'.repeat(255)}/AB/c`],
    [`a/${'a'.repeat(255)}/c`, `a/${'A'.repeat(255)}/c`],
  ])('reads %j', (text, key) => {
    expect(parseSymbolKey(text)).toBe(key)
  })

  it.each([
    'xul.sym',
    'a/AB',
    'a/AB/c/d',
    'a//c',
    '/AB/c',
    'a/AB/',
    'a/XY/c',
    '../AB/c',
    'a/AB/..',
    './AB/c',
    'a/AB/.',
    '/a/AB/c',
    '..\\a/AB/c',
    'a/AB/b\\c',
    'C:/AB/c',
    'C:evil/AB/c',
    'a/AB/C:c',
    'a\0/AB/c',
    'a/AB/c\u001f',
    'ü.pdb/AB/c',
    'a\u0080/AB/c',
    ...'^`><{}[]#%"\'|'.split('').map((refused) => `a${refused}b/AB/c`),
    'a./AB/c',
    'a/AB/c.',
    'a/AB/c.symindex',
    'a/AB/c.SymIndex',
    '．．/AB/c',
    'a／b/AB/c',
    '\uff03:/AB/c.',
    '\ud800/AB/c',
    `${'a'.repeat(256)}/AB/c`,
    `a/${'A'.repeat(256)}/c`,
    `${'汉'.repeat(255)}/AB/${'汉'.repeat(255)}`,
  ])('refuses %j', (text) => {
    expect(parseSymbolKey(text)).toBeNull()
  })

  it('gives itself back from its own text and from its segments, whatever was read', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.stringMatching(/^[0-9a-fA-F]{1,40}$/),
        fc.string(),
        (a, id, c) => {
          const key = parseSymbolKey(`${a}/${id}/${c}`)
          if (key === null) return
          const segments = symbolKeySegments(key)
          expect(parseSymbolKey(key)).toBe(key)
          expect(segments).toEqual({ debugFile: a, id: id.toUpperCase(), file: c })
          expect(parseSymbolKey(`${segments.debugFile}/${segments.id.toLowerCase()}/${segments.file}`)).toBe(key)
          expect(
            new URL(`http://host/${key.split('/').map(encodeURIComponent).join('/')}`).pathname.split('/'),
          ).toHaveLength(4)
          expect(new TextEncoder().encode(indexObjectKey(symbolObjectKey(key, true))).length).toBeLessThanOrEqual(1_024)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

describe('readMemberName', () => {
  it.each([
    ['build-symbols.txt', 'ignored'],
    ['a/AB/build-symbols.txt', 'ignored'],
    ['a/x/build-symbols.txt', 'unrecognized'],
    ['../build-symbols.txt', 'unrecognized'],
    ['.DS_Store', 'ignored'],
    ['a/AB/.DS_Store', 'ignored'],
    ['a/AB/', 'ignored'],
    ['a/AB/c.symindex', 'ignored'],
    ['xpcshell.sym', 'unrecognized'],
    ['__MACOSX/a/AB/._c', 'unrecognized'],
    ['a/AB/c.sym', 'symbol'],
  ])('%j is %s', (name, kind) => {
    expect(readMemberName(name).kind).toBe(kind)
  })

  it('keeps try symbols and regular symbols apart', () => {
    const member = readMemberName('a/ab/c.sym')
    if (member.kind !== 'symbol') throw new Error('expected a symbol')
    expect(symbolObjectKey(member.key, false)).toBe('v1/a/AB/c.sym')
    expect(symbolObjectKey(member.key, true)).toBe('try/v1/a/AB/c.sym')
  })
})
