import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { parseLucenePattern } from './lucene-pattern.ts'

const RUNS = process.env.MAYDAY_TEST_SIZE === 'full' ? 50_000 : 2_500
const seed = Number(process.env.MAYDAY_SEED ?? 20_261_123)

/** Whether the whole text matches, by re2js and by the engine of JavaScript, which must agree. */
function matches(pattern: string, text: string): boolean {
  const parsed = parseLucenePattern(pattern)
  if (parsed.kind !== 'pattern') throw new Error(`${pattern} is ${JSON.stringify(parsed)}`)
  const answer = RE2JS.compile(parsed.pattern).matches(text)
  expect(new RegExp(`^(?:${parsed.pattern})$`, 'u').test(text)).toBe(answer)
  return answer
}

describe('a pattern in the syntax of Lucene', () => {
  it.each([
    ['js', ['js'], ['js::Run', 'ajs', 'JS', '']],
    ['js.*', ['js', 'js::Run', 'js\n\u2028'], ['ajs']],
    ['a.c', ['abc', 'a💥c', 'a\nc'], ['ac', 'abbc']],
    ['a|bc|', ['a', 'bc', ''], ['abc']],
    ['(ab)+', ['ab', 'abab'], ['', 'aba']],
    ['a+?', ['', 'a', 'aa'], ['b']],
    ['a{2}{3}', ['aaaaaa'], ['aaaaa']],
    ['a{2,}', ['aa', 'aaa'], ['a']],
    ['a{0,2}b', ['b', 'aab'], ['aaab']],
    ['[a-c\\]^-]+', ['abc', ']', '^', '-'], ['d', '\\']],
    ['[^a-c]', ['d', '\n', '💥'], ['a', 'dd']],
    ['[]a]', [']', 'a'], ['[]a]']],
    ['[[:alpha:]', ['[', ':', 'a'], ['z']],
    ['[\\d_]', ['7', '_'], ['d', 'a']],
    ['\\d\\w\\s', ['1a ', '1_\t'], ['aa ', '1a\u00a0']],
    ['\\D\\W\\S', ['a-b'], ['1-b']],
    ['\\n\\b', ['nb'], ['\n']],
    ['^a$', ['^a$'], ['a']],
    ['foo\\(bar\\)', ['foo(bar)'], ['foobar']],
    ['"a.b*"c', ['a.b*c'], ['axbc']],
    ['x@', ['x', 'x\nanything'], ['']],
    ['a#|b', ['b'], ['a', '']],
    ['<1-12>', ['1', '12', '007'], ['0', '13', '']],
    ['<08-11>', ['08', '11'], ['8', '011']],
    ['vector<int>', ['vector<int>'], ['vectorint']],
    ['*a', ['*a'], ['a']],
    ['a/b-c}]', ['a/b-c}]'], []],
    ['', [''], ['a']],
  ] as const)('%s', (pattern, those, butNot) => {
    for (const text of those) expect([text, matches(pattern, text)]).toEqual([text, true])
    for (const text of butNot) expect([text, matches(pattern, text)]).toEqual([text, false])
  })

  it.each([
    ['a(b', 'a ( has no )'],
    ['a)', 'a ) has no ('],
    ['[ab', 'it ends after ['],
    ['[', 'it ends after ['],
    ['"ab', 'it ends after "'],
    ['a{x}', '{x} is no {n}, {n,} or {n,m}'],
    ['a{3,2}', '{3,2} has its numbers the wrong way'],
    ['[z-a]', '[z-a] is the wrong way round'],
    ['[\\S]', '\\S cannot stand in [ ]: use [^ ]'],
    ['(?i)a', '(? has no meaning here: groups are ( ) alone'],
    ['~a', '~ (all but) is not supported: put ! before the @, or write \\~ for the character'],
    ['a&b', '& (both) is not supported: give several filters, or write \\& for the character'],
    ['<1-2000>', '<1-2000> is more than 500 numbers: use [0-9]'],
  ])('%s is refused: %s', (pattern, why) => {
    expect(parseLucenePattern(pattern)).toEqual({ kind: 'bad', why })
  })

  it.each([
    ['as long as the limit', 'a'.repeat(1_000), 'pattern'],
    ['one character longer', 'a'.repeat(1_001), 'too_complex'],
    ['with repeats that multiply', '((a{50}){50}){50}', 'too_complex'],
    ['with one repeat too long', 'a{1001}', 'too_complex'],
    ['with many long repeats', '.{900}.{900}.{900}', 'too_complex'],
    ['nested 500 deep', '('.repeat(500) + ')'.repeat(500), 'pattern'],
  ])('%s: %s', (_, pattern, kind) => {
    expect(parseLucenePattern(pattern).kind).toBe(kind)
  })

  it('means the same to re2js and to JavaScript, whatever is written', () => {
    const pattern = fc.string({ unit: fc.constantFrom(...'ab.|()[]{}*+?\\"<>@#^$-1,2dwsé💥'), maxLength: 12 })
    const text = fc.string({ unit: fc.constantFrom(...'ab.12-\n ^$(é💥'), maxLength: 5 })
    fc.assert(
      fc.property(pattern, text, (written, value) => {
        if (parseLucenePattern(written).kind === 'pattern') matches(written, value)
      }),
      { numRuns: RUNS, seed },
    )
  })
})
