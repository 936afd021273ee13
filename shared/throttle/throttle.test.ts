import { describe, expect, it } from 'vitest'
import { MAX_MATCHED_CHARS } from '../limits.ts'
import type { Annotations } from '../raw-crash.ts'
import { ACCEPT_EVERYTHING } from './built-in-rulesets.ts'
import { type Ruleset, rulesetSchema } from './ruleset.ts'
import { drawFrom, ruleShares, sampleWeight, throttle } from './throttle.ts'

const NOW = Date.UTC(2020, 4, 27, 12)
const neverDrawn = () => {
  throw new Error('nothing is to be drawn')
}
const rulesetOf = (...rules: object[]): Ruleset => rulesetSchema.parse({ version: 1, name: 'test', rules })
const always = { all: [] }
const decide = (annotations: Annotations, ruleset: Ruleset, draw: () => number = neverDrawn) =>
  throttle(annotations, ruleset, () => NOW, draw)

/** Whether one condition holds. */
function holds(condition: object, annotations: Annotations, more: object = {}): boolean {
  const ruleset = rulesetSchema.parse({
    ...{ version: 1, name: 'test', ...more },
    rules: [{ name: 'held', when: condition, result: 'accept' }],
  })
  return decide(annotations, ruleset).rule === 'held'
}

describe('throttle', () => {
  it('accepts everything by the built-in ruleset', () => {
    expect(decide({}, ACCEPT_EVERYTHING)).toEqual({
      ...{ kind: 'accept', rule: 'accept_everything', sampleWeight: 1 },
      matched: [{ rule: 'accept_everything', result: 'accept' }],
    })
  })

  it('takes the first rule that holds; continue goes on', () => {
    const ruleset = rulesetOf(
      { name: 'counted', when: always, result: 'continue' },
      { name: 'a', when: { annotation: 'A', op: 'present' }, result: 'fake_accept' },
      { name: 'b', when: { annotation: 'B', op: 'present' }, result: 'reject' },
      { name: 'never', when: { annotation: 'B', op: 'present' }, result: 'accept' },
    )
    expect(decide({ A: '1', B: '1' }, ruleset)).toMatchObject({ kind: 'fake_accept', rule: 'a' })
    expect(decide({ B: '1' }, ruleset)).toMatchObject({ kind: 'reject', rule: 'b' })
    expect(decide({ B: '1' }, ruleset).matched).toEqual([
      { rule: 'counted', result: 'continue' },
      { rule: 'b', result: 'reject' },
    ])
  })

  it('rejects a report that no rule decides', () => {
    expect(decide({}, rulesetOf({ name: 'a', when: always, result: 'continue' }))).toMatchObject({
      ...{ kind: 'reject', rule: 'NO_MATCH' },
      matched: [
        { rule: 'a', result: 'continue' },
        { rule: 'NO_MATCH', result: 'reject' },
      ],
    })
  })

  it('draws at or below the percent, as the peer, and not at all for 0 and 100', () => {
    const share = (percent: number) =>
      rulesetOf({ name: 'a', when: always, result: 'accept', percent, otherwise: 'reject' })
    const drawn = (percent: number, draw: number) => decide({}, share(percent), () => draw).kind
    expect([drawn(10, 9.9), drawn(10, 10), drawn(10, 10.1)]).toEqual(['accept', 'accept', 'reject'])
    expect([drawn(0, 0), decide({}, share(100)).kind]).toEqual(['reject', 'accept'])
  })

  it('draws below 100, all over', () => {
    const least = drawFrom((bytes) => bytes.fill(0))()
    const most = drawFrom((bytes) => bytes.fill(255))()
    expect([least, most < 100, most > 99.999]).toEqual([0, true, true])
  })

  describe('says with which probability such a report is kept', () => {
    const weightOf = (rules: object[], draws: number[]) => {
      const decision = decide({}, rulesetOf(...rules), () => draws.shift() ?? 0)
      return [decision.kind, sampleWeight(decision.sampleWeight)]
    }
    const tenth = { name: 'tenth', when: always, result: 'accept', percent: 10, otherwise: 'reject' }
    const quarter = { name: 'quarter', when: always, result: 'continue', percent: 25, otherwise: 'reject' }
    const all = { name: 'all', when: always, result: 'accept' }

    it.each([
      ['one draw', [tenth], [5], ['accept', 10]],
      ['a rejected one', [tenth], [50], ['reject', undefined]],
      ['two draws in turn', [quarter, tenth], [5, 5], ['accept', 40]],
      ['a draw, then a rule that keeps all', [quarter, all], [5], ['accept', 4]],
      // The draw decides nothing here: both ways lead to an accept.
      ['both ways', [{ ...tenth, otherwise: 'continue' }, all], [5], ['accept', undefined]],
      ['both ways, lost', [{ ...tenth, otherwise: 'continue' }, all], [50], ['accept', undefined]],
      [
        'half of the rest',
        [
          { ...tenth, otherwise: 'continue' },
          { ...all, percent: 50 },
        ],
        [50, 5],
        ['accept', 1.81818181818],
      ],
      ['no draw', [all], [], ['accept', undefined]],
    ])('%s', (_what, rules, draws, expected) => expect(weightOf(rules, draws)).toEqual(expected))

    it('and multiplies by the weight of what thins out after the rules', () => {
      expect([sampleWeight(10, 10), sampleWeight(1, 1), sampleWeight(1 / (0.1 * 0.1))]).toEqual([100, undefined, 100])
    })
  })

  it('knows the shares of all ways, which add up to 1', () => {
    const ruleset = rulesetOf(
      { name: 'a', when: always, result: 'continue', percent: 25, otherwise: 'reject' },
      { name: 'b', when: always, result: 'accept', percent: 10 },
      { name: 'c', when: always, result: 'fake_accept', percent: 50 },
    )
    const shares = ruleShares({}, ruleset, NOW)
    expect(shares.map(({ rule }) => rule)).toEqual(['a', 'b', 'c', 'NO_MATCH'])
    const ends = shares.map(({ shares: { accept, reject, fake_accept } }) => accept + reject + fake_accept)
    expect(ends.reduce((sum, end) => sum + end)).toBeCloseTo(1)
    expect(ends[0]).toBe(0.75)
  })
})

describe('a condition', () => {
  it('compares values as the peer’s texts', () => {
    const equals = (sent: Annotations[string], value: string) =>
      holds({ annotation: 'A', op: 'equals', value }, { A: sent })
    expect([equals('0', '0'), equals(0, '0'), equals(null, 'None'), equals(true, 'True'), equals('', '')]).toEqual(
      Array(5).fill(true),
    )
    expect([equals(['0'], '0'), equals({}, '[object Object]'), equals(true, 'true'), equals(null, '')]).toEqual(
      Array(4).fill(false),
    )
    expect(holds({ annotation: 'A', op: 'equals', value: '' }, {})).toBe(false)
  })

  it('has a default where the report has nothing', () => {
    const condition = { annotation: 'A', default: 'browser', op: 'equals', value: 'browser' }
    expect([holds(condition, {}), holds(condition, { A: 'browser' }), holds(condition, { A: '' })]).toEqual([
      ...[true, true, false],
    ])
  })

  it.each([
    [{ op: 'present' }, { A: '' }, true],
    [{ op: 'present' }, { A: null }, true],
    [{ op: 'present' }, {}, false],
    [{ op: 'in', value: ['a', 'b'] }, { A: 'b' }, true],
    [{ op: 'in', value: ['a', 'b'] }, { A: 'B' }, false],
    [{ op: 'starts_with', value: 'ni' }, { A: 'nightly' }, true],
    [{ op: 'starts_with', value: 'ni' }, { A: 'a ni' }, false],
    [{ op: 'matches', value: '^5[2-9]\\.' }, { A: '52.0' }, true],
    [{ op: 'matches', value: '^5[2-9]\\.' }, { A: '60.0' }, false],
    [{ op: 'matches', value: 'x' }, { A: `${' '.repeat(MAX_MATCHED_CHARS - 1)}x` }, true],
    [{ op: 'matches', value: 'x' }, { A: `${' '.repeat(MAX_MATCHED_CHARS)}x` }, false],
    [{ op: 'matches', value: '^(a+)+$' }, { A: `${'a'.repeat(1_000)}b` }, false],
    [{ op: 'lt', value: '20171226' }, { A: '20171225235959' }, true],
    [{ op: 'lt', value: '20171226' }, { A: '20171226' }, false],
    [{ op: 'lte', value: '20171226' }, { A: '20171226' }, true],
    [{ op: 'lt', value: '9' }, { A: '10' }, true],
    [{ op: 'lt', value: 9 }, { A: '10' }, false],
    [{ op: 'lt', value: 60 }, { A: '59.5' }, true],
    [{ op: 'lte', value: 60 }, { A: 60 }, true],
    [{ op: 'lte', value: 60 }, { A: '' }, false],
    [{ op: 'lte', value: 60 }, { A: null }, false],
    [{ op: 'lte', value: 60 }, { A: [1] }, false],
  ])('%j over %j is %s', (condition, annotations, expected) => {
    expect(holds({ annotation: 'A', ...condition }, annotations)).toBe(expected)
  })

  it('C38: tells how old a build id is, by its day', () => {
    const isOld = (A: Annotations[string]) =>
      holds({ annotation: 'A', op: 'buildid_older_than_days', value: 730 }, { A })
    expect([isOld('20180528000000'), isOld('20180528235959'), isOld(20180528000000)]).toEqual([true, true, true])
    for (const young of ['20180529000000', 'abc', '20220404', '20180230000000', '19990101000000', '20180101000000\n'])
      expect(isOld(young), young).toBe(false)
  })

  it('looks into the JSON of a text, and survives whatever is there (P2)', () => {
    const sees = (A: Annotations[string], json_path = 'system.os.name') =>
      holds({ annotation: 'A', json_path, op: 'equals', value: 'Windows_NT' }, { A })
    expect(sees('{"system":{"os":{"name":"Windows_NT"}}}')).toBe(true)
    expect(sees('{"system":[{"name":"Windows_NT"}]}', 'system.0.name')).toBe(true)
    for (const odd of [
      '[]',
      '"[]"',
      'null',
      '{',
      '',
      '1',
      '{"system":null}',
      `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    ])
      expect(sees(odd), odd).toBe(false)
    // The peer compares only what was sent as text.
    expect(sees({ system: { os: { name: 'Windows_NT' } } })).toBe(false)
    expect(holds({ annotation: 'A', json_path: 'constructor.name', op: 'present' }, { A: '{}' })).toBe(false)
    expect(holds({ annotation: 'A', json_path: 'x', default: 'd', op: 'equals', value: 'd' }, { A: '{}' })).toBe(true)
    const below = (x: string) => holds({ annotation: 'A', json_path: 'x', op: 'lte', value: 9600 }, { A: `{"x":${x}}` })
    expect([below('9600'), below('9601'), below('"9600"'), below('null')]).toEqual([true, false, false, false])
  })

  it('knows the products and packages of its ruleset; none listed is all', () => {
    const product = { annotation: 'ProductName', op: 'in_products' }
    expect([holds(product, {}), holds(product, { ProductName: 'P' }, { products: ['P'] })]).toEqual([true, true])
    for (const other of [{}, { ProductName: 'p' }, { ProductName: ['P'] }])
      expect(holds(product, other, { products: ['P'] })).toBe(false)
    const packaged = { annotation: 'Pkg', op: 'in_packages' }
    const packages = { P: ['a', 'b'] }
    expect(holds(packaged, { ProductName: 'P', Pkg: 'b' }, { packages })).toBe(true)
    for (const other of [{ ProductName: 'P' }, { ProductName: 'P', Pkg: 'c' }, { ProductName: 'P', Pkg: null }])
      expect(holds(packaged, other, { packages })).toBe(false)
    for (const free of [{}, { ProductName: 'Q' }, { ProductName: 'constructor' }, { ProductName: null }])
      expect(holds(packaged, free, { packages })).toBe(true)
  })
})
