import { describe, expect, it } from 'vitest'
import {
  MAX_PATTERN_CHARS,
  MAX_RULE_CONDITIONS,
  MAX_RULE_PATTERNS,
  MAX_RULE_VALUES,
  MAX_RULESET_BYTES,
  MAX_THROTTLE_RULES,
  MAX_WHEN_DEPTH,
} from '../limits.ts'
import { MOZILLA } from './built-in-rulesets.ts'
import { parseRuleset, problemText } from './ruleset-document.ts'

const always = { all: [] }
const rule = (changes: object = {}) => ({ name: 'r', when: always, result: 'accept', ...changes })
const documentOf = (...rules: object[]) => JSON.stringify({ version: 1, name: 'test', rules })

/** The problems of a document, or `parsed`. */
function verdict(json: string): string | readonly string[] {
  const parsed = parseRuleset(json)
  return parsed.kind === 'parsed' ? 'parsed' : parsed.problems.map(problemText)
}

/** Whether the document of each number is taken, below, at and above a limit. */
const aroundLimit = (limit: number, document: (number: number) => string) =>
  [limit - 1, limit, limit + 1].map((number) => verdict(document(number)) === 'parsed')
const AT_MOST = [true, true, false]

describe('a ruleset document', () => {
  it('gives rules their defaults', () => {
    expect(parseRuleset(documentOf(rule()))).toEqual({
      kind: 'parsed',
      ruleset: {
        ...{ version: 1, name: 'test', products: [], packages: {}, duplicates: null },
        rules: [{ name: 'r', when: always, result: 'accept', percent: 100, otherwise: 'continue' }],
      },
    })
  })

  it('is what a built-in ruleset is when it is written down', () => {
    expect(parseRuleset(JSON.stringify(MOZILLA))).toEqual({ kind: 'parsed', ruleset: MOZILLA })
  })

  it.each([
    [
      'an unknown operator, deep inside',
      documentOf(
        rule(),
        rule({ name: 'is_nightly', when: { all: [always, { annotation: 'A', op: 'equal', value: 'x' }] } }),
      ),
      /^rules\[1\] "is_nightly": when\.all\[1\]\.op: unknown operator "equal"; one of present, equals, in, starts_with, matches, /,
    ],
    [
      'no operator',
      documentOf(rule({ when: { annotation: 'A' } })),
      /^rules\[0\] "r": when\.op: an operator is needed/,
    ],
    [
      'a wrong value, under not',
      documentOf(rule({ when: { not: { any: [{ annotation: 'A', op: 'in', value: 'x' }] } } })),
      /^rules\[0\] "r": when\.not\.any\[0\]\.value: .*expected array/,
    ],
    [
      'a misspelt key',
      documentOf(rule({ when: { annotation: 'A', op: 'equals', value: 'x', defualt: '' } })),
      /^rules\[0\] "r": when: .*defualt/,
    ],
    ['a group with something beside it', documentOf(rule({ when: { all: [], op: 'in' } })), /"all" stands alone.*op/],
    ['an empty any', documentOf(rule({ when: { any: [] } })), /when\.any: an empty "any" holds for no report/],
    ['no when', documentOf({ name: 'r', result: 'accept' }), /^rules\[0\] "r": when: /],
    ['a name with a dash', documentOf(rule({ name: 'a-b' })), /^rules\[0\] "a-b": name: a name has letters/],
    ['a rule without a name', documentOf({ when: always, result: 'accept' }), /^rules\[0\]: name: /],
    ['the name NO_MATCH', documentOf(rule({ name: 'NO_MATCH' })), /^rules\[0\] "NO_MATCH": name: NO_MATCH is the name/],
    [
      'a name twice',
      documentOf(rule(), rule({ name: 's' }), rule()),
      /^rules\[2\] "r": name: rules\[0\] has this name/,
    ],
    ['an unknown result', documentOf(rule({ result: 'defer' })), /^rules\[0\] "r": result: /],
    ['a percent above 100', documentOf(rule({ percent: 100.1 })), /^rules\[0\] "r": percent: /],
    ['a percent too small', documentOf(rule({ percent: 0.0001 })), /^rules\[0\] "r": percent: 0, or 0\.001 to 100/],
    [
      'a pattern that is none',
      documentOf(rule({ when: { annotation: 'A', op: 'matches', value: '(' } })),
      /^rules\[0\] "r": when\.value: no pattern of RE2: /,
    ],
    [
      'a pattern that is too large',
      documentOf(rule({ when: { annotation: 'A', op: 'matches', value: '(ab){600}' } })),
      /^rules\[0\] "r": when\.value: the pattern is too large/,
    ],
    ['no JSON', '{', /^\(document\): not JSON: /],
    ['no object', '[]', /^\(document\): /],
    ['another version', '{"version":2,"name":"x","rules":[]}', /^version: /],
    ['a key that nobody reads', `${documentOf(rule()).slice(0, -1)},"product":[]}`, /^\(document\): .*product/],
    ['a package list that is none', `${documentOf(rule()).slice(0, -1)},"packages":{"P":"x"}}`, /^packages\.P: /],
  ])('points at %s', (_what, json, expected) => {
    const [first] = verdict(json)
    expect(first).toMatch(expected)
  })

  it('has all its mistakes named at once', () => {
    expect(verdict(documentOf(rule({ result: 'x' }), rule({ name: '' })))).toHaveLength(2)
  })

  it('keeps the limits', () => {
    const many = (number: number) => Array.from({ length: number }, (_, at) => rule({ name: `r${at}` }))
    expect(aroundLimit(MAX_THROTTLE_RULES, (number) => documentOf(...many(number)))).toEqual(AT_MOST)
    const nested = (depth: number): object => (depth === 0 ? always : { not: nested(depth - 1) })
    expect(aroundLimit(MAX_WHEN_DEPTH, (depth) => documentOf(rule({ when: nested(depth) })))).toEqual(AT_MOST)
    const presents = (number: number) => Array.from({ length: number }, () => ({ annotation: 'A', op: 'present' }))
    expect(
      aroundLimit(MAX_RULE_CONDITIONS, (number) =>
        documentOf(rule({ name: 'a', when: { any: presents(1) } }), rule({ when: { any: presents(number - 1) } })),
      ),
    ).toEqual(AT_MOST)
    const patterns = (number: number) =>
      Array.from({ length: number }, () => ({ annotation: 'A', op: 'matches', value: 'x' }))
    expect(aroundLimit(MAX_RULE_PATTERNS, (number) => documentOf(rule({ when: { any: patterns(number) } })))).toEqual(
      AT_MOST,
    )
    const values = (number: number) => Array.from({ length: number }, (_, at) => `${at}`)
    const condition = (value: unknown, op: string) => documentOf(rule({ when: { annotation: 'A', op, value } }))
    expect(aroundLimit(MAX_RULE_VALUES, (number) => condition(values(number), 'in'))).toEqual(AT_MOST)
    // A class is one instruction, however long it is written.
    expect(aroundLimit(MAX_PATTERN_CHARS, (number) => condition(`[${'a'.repeat(number - 2)}]`, 'matches'))).toEqual(
      AT_MOST,
    )
    expect(aroundLimit(MAX_RULESET_BYTES, (number) => documentOf(rule()).padEnd(number))).toEqual(AT_MOST)
  })

  it('is refused at any depth and size without a throw', () => {
    for (const json of ['['.repeat(100_000), `{"rules":[{"when":${'{"not":'.repeat(5_000)}1${'}'.repeat(5_000)}}]}`])
      expect(verdict(json)).not.toBe('parsed')
  })
})
