import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type SymHealth, SymHealthReader } from './sym-health.ts'

const KEY = { debugFile: 'app', id: 'AB1' }
const HEAD = 'MODULE Linux x86_64 AB1 app\n'
const GOOD = `${HEAD}INFO CODE_ID C0DE
FILE 0 a.cc
INLINE_ORIGIN 0 inlined
FUNC m 1000 10 0 main
INLINE 0 7 0 0 1000 4
1000 4 7 0
F004 c 8 0
PUBLIC 2000 0 f
STACK CFI INIT 1000 10 .cfa: $rsp 8 +
STACK CFI 1004 .cfa: $rsp 16 +
`

/** The health of a file that arrives in chunks of this many bytes. */
function healthOf(text: string, chunkBytes = Number.POSITIVE_INFINITY, key = KEY): SymHealth {
  const reader = new SymHealthReader(key)
  const bytes = new TextEncoder().encode(text)
  const step = Math.min(chunkBytes, bytes.length)
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step))
  return reader.finish()
}

describe('the health of a sym file', () => {
  it('counts each kind of record, and has nothing to say of a good file', () => {
    const expected = { functions: 1, lines: 2, inlines: 1, publics: 1, cfi: 1, win: 0, warnings: [] }
    expect(healthOf(GOOD)).toEqual(expected)
    expect(healthOf(GOOD.replaceAll('\n', '\r\n'))).toEqual(expected)
  })

  it('is the same however the bytes are cut', () => {
    const whole = healthOf(GOOD)
    for (let chunkBytes = 1; chunkBytes <= GOOD.length; chunkBytes++) expect(healthOf(GOOD, chunkBytes)).toEqual(whole)
  })

  it('agrees with a reader that splits lines, whatever records come', () => {
    const line = fc.constantFrom(
      'FUNC 1000 10 0 f',
      'FUNC m ff 1 0 g h',
      'FILE 1 b.cc',
      'F 1 2 3',
      'FACE 1 2 0',
      'ff00 4 9 1',
      'INLINE 0 7 0 0 1 2',
      'INLINE_ORIGIN 1 x',
      `INLINE_ORIGIN 2 ${'y'.repeat(300)}`,
      'INFO GENERATOR mozilla/dump_syms 2.3.7',
      'PUBLIC m 10 0 p',
      'STACK WIN 4 1000 54 6 0 10 0 0 0 1 $T0 .raSearch =',
      'STACK CFI INIT 0 1 .cfa: $esp 4 +',
      'STACK CFI 1 .cfa: $esp 8 +',
      '',
    )
    const starts = (lines: readonly string[], prefix: string) => lines.filter((text) => text.startsWith(prefix)).length
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), fc.integer({ min: 1, max: 80 }), (lines, chunkBytes) => {
        expect(healthOf(`${HEAD}${lines.map((text) => `${text}\n`).join('')}`, chunkBytes)).toMatchObject({
          functions: starts(lines, 'FUNC '),
          lines: lines.filter((text) => /^[0-9a-fA-F]+ /.test(text)).length,
          inlines: starts(lines, 'INLINE '),
          publics: starts(lines, 'PUBLIC '),
          cfi: starts(lines, 'STACK CFI INIT '),
          win: starts(lines, 'STACK WIN '),
        })
      }),
    )
  })

  it.each([
    ['module_malformed', GOOD.replace(HEAD, '')],
    ['module_malformed', GOOD.replace(HEAD, 'MODULE Linux x86_64\n')],
    ['module_malformed', GOOD.replace(HEAD, 'MODULE Linux x86_64 NOTHEX app\n')],
    ['module_contradicts_key', GOOD.replace('AB1 app', 'AB2 app')],
    ['module_contradicts_key', GOOD.replace('AB1 app', 'AB1 other')],
    ['no_functions', HEAD],
    ['no_lines', `${HEAD}FUNC 0 1 0 f\nSTACK CFI INIT 0 1 x\n`],
    ['no_cfi', GOOD.replace(/^STACK.*\n/gm, '')],
    ['no_cfi', GOOD.replace(/^STACK.*\n/gm, '').replace('Linux', 'windows')],
    ['inline_origin_without_name', GOOD.replace('INLINE_ORIGIN 0 inlined', 'INLINE_ORIGIN 0 ')],
    ['inline_origin_without_name', GOOD.replace('INLINE_ORIGIN 0 inlined', 'INLINE_ORIGIN 0')],
    ['inlines_without_origins', GOOD.replace(/^INLINE_ORIGIN.*\n/gm, '')],
    ['unknown_records', `${GOOD}<html>\n`],
    ['unknown_records', `${GOOD}STACK FRAMES\n`],
    ['unknown_records', `${GOOD}MODULE Linux x86_64 AB1 app\n`],
    ['last_line_unended', GOOD.slice(0, -1)],
  ])('warns of %s', (warning, text) => {
    expect(healthOf(text).warnings).toEqual([warning])
  })

  it.each([
    [
      'a name with spaces',
      GOOD.replace('AB1 app', 'AB1 Electron Framework'),
      { debugFile: 'Electron Framework', id: 'AB1' },
    ],
    ['a name in any script', GOOD.replace('AB1 app', 'AB1 汉.so'), { debugFile: '汉.so', id: 'AB1' }],
    ['an id in lower case', GOOD.replace('AB1', 'ab1'), KEY],
    [
      'STACK WIN alone on Windows',
      GOOD.replace(/^STACK.*\n/gm, 'STACK WIN 4 1 2 3\n').replace('Linux', 'windows'),
      KEY,
    ],
  ])('does not warn of %s', (_, text, key) => {
    expect(healthOf(text, 7, key).warnings).toEqual([])
  })

  it.each([
    ['nothing', ''],
    ['line ends', '\n\r\n\n'],
    ['one line without an end', 'x'.repeat(100_000)],
    ['bytes that are no text', '\u0000\u00ff'.repeat(5_000)],
  ])('has an answer for %s', (_, text) => {
    const { functions, warnings } = healthOf(text, 1_000)
    expect(functions).toBe(0)
    expect(warnings).toEqual(expect.arrayContaining(['module_malformed', 'no_functions']))
  })

  it.each([
    'libc.so.6/EC61AC938E5A39B16F9FBD350E3169A50/libc.so.6.sym',
    'libstdc++.so.6/9FE39E28078C4FBDA48102DFEEB7E6F90/libstdc++.so.6.sym',
    'null_chain/F49225E21D4B88C1624374BBA355E5B50/null_chain.sym',
    'panic_abort/31BB9112C48BB51B13C7F90F968BB8ED0/panic_abort.sym',
  ])('of a real sym file, %s, names no fault', (key) => {
    const [debugFile = '', id = ''] = key.split('/')
    const bytes = gunzipSync(readFileSync(`test/fixtures/crashes/symbols/${key}.gz`))
    const text = new TextDecoder().decode(bytes)
    const health = healthOf(text, 65_536, { debugFile, id })
    expect(health.warnings).toEqual([])
    expect(health.functions).toBe(text.match(/^FUNC /gm)?.length ?? 0)
    expect(health.lines).toBe(text.match(/^[0-9a-f]+ [0-9a-f]+ \d+ \d+$/gm)?.length ?? 0)
    expect(health.functions + health.publics).toBeGreaterThan(0)
  })
})
