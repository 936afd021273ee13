import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildTimeMs, compareVersions } from './versions.ts'

const RUNS = process.env.MAYDAY_TEST_SIZE === 'full' ? 20_000 : 1_000
const SEED = process.env.MAYDAY_SEED === undefined ? {} : { seed: Number(process.env.MAYDAY_SEED) }
const sign = (number: number) => Math.sign(number) + 0

/** Each list in its order, oldest first. */
const ORDERED: readonly (readonly [what: string, ...versions: readonly string[]])[] = [
  [
    'Mozilla’s',
    '3.6a1pre',
    '3.6a1',
    '3.6b1',
    '3.6',
    '38.0a1',
    '38.0a2',
    '38.0b2pre',
    '38.0b2',
    '38.0b10',
    '38.0',
    '38.0.1',
    '38.0.5b1',
    '38.0.5',
    '140.0b3',
  ],
  ['Mozilla’s esr', '115.9.1esr', '128.0esr', '128.3.0esr', '128.3.1esr', '128.10.0esr'],
  ['a release and what patches it', '1.2rc1', '1.2', '1.2esr', '1.2.1'],
  [
    'semver’s',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1-0',
    '1.0.1',
  ],
  ['four parts of Windows', '6.1.7601.17514', '10.0.9200', '10.0.19041.1', '10.0.19041.388', '10.0.22000', '11.0'],
  [
    'dates',
    '2025.12.31',
    '2026.1.2',
    '2026.9.30',
    '2026-11-23',
    '2026-11-23-2',
    '2026-11-23-10',
    '2026.11.24',
    '20261125',
  ],
  ['more digits than a number holds', '1.99999999999999999998', '1.99999999999999999999', '1.100000000000000000000'],
  ['words', '', 'Nightly', 'unknown', '0', 'v0.1', '0.2', 'V0.3'],
]

describe('the order of versions', () => {
  it.each(ORDERED)('is that of %s', (_what, ...versions) => {
    for (const [at, version] of versions.entries())
      for (const [other, later] of versions.entries())
        expect([version, later, sign(compareVersions(version, later))]).toEqual([version, later, sign(at - other)])
  })

  it('orders texts that mean the same by their characters, behind what is older and before what is newer', () => {
    expect(['1.0.0', '1.0', '1', 'v1.0', '1.0+b', '1.0.1', '0.9', '1.0b1'].toSorted(compareVersions)).toEqual([
      '0.9',
      '1.0b1',
      '1',
      '1.0',
      '1.0+b',
      '1.0.0',
      'v1.0',
      '1.0.1',
    ])
  })

  const part = fc.oneof(fc.nat(12).map(String), fc.constantFrom('00', '01', '99999999999999999999'))
  const suffix = fc.constantFrom(
    '',
    'a1',
    'b2',
    'b10',
    'b2pre',
    'esr',
    '-rc.1',
    '-rc.1.x',
    '+7',
    'pre',
    '-2',
    '.beta',
    'hotfix1',
  )
  const version = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.array(part, { minLength: 1, maxLength: 4 }), suffix)
        .map(([parts, end]) => parts.join('.') + end),
    },
    { weight: 1, arbitrary: fc.constantFrom('2026-11-23', '2026-11-2', 'nightly', 'v1', ' 1.0 ', '1..2', '1.', '.1') },
    { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'019.-_+abprevé '), maxLength: 10 }) },
  )

  it('is total: every two versions have one order, and only equal texts are equal', () => {
    fc.assert(
      fc.property(version, version, (left, right) => {
        expect(sign(compareVersions(left, right))).toBe(sign(-compareVersions(right, left)))
        expect(compareVersions(left, right) === 0).toBe(left === right)
      }),
      { numRuns: RUNS, ...SEED },
    )
  })

  it('is transitive', () => {
    fc.assert(
      fc.property(version, version, version, (...three) => {
        const [a, b, c] = three.toSorted(compareVersions)
        expect(compareVersions(a ?? '', b ?? '')).toBeLessThanOrEqual(0)
        expect(compareVersions(b ?? '', c ?? '')).toBeLessThanOrEqual(0)
        expect(compareVersions(a ?? '', c ?? '')).toBeLessThanOrEqual(0)
        for (const [x, y, z] of [three, [three[1], three[2], three[0]], [three[2], three[0], three[1]]]) {
          if (x === undefined || y === undefined || z === undefined) continue
          if (compareVersions(x, y) <= 0 && compareVersions(y, z) <= 0)
            expect(compareVersions(x, z)).toBeLessThanOrEqual(0)
        }
      }),
      { numRuns: RUNS, ...SEED },
    )
  })
})

describe('the time of a build', () => {
  it.each([
    ['20261123093015', Date.UTC(2026, 10, 23, 9, 30, 15)],
    ['20261123093060', null],
    ['20260231000000', null],
    ['20261301000000', null],
    ['2026112309301', null],
    ['202611230930155', null],
    ['1', null],
    ['a1b2c3', null],
    ['', null],
  ])('%j is %j', (build, atMs) => {
    expect(buildTimeMs(build)).toBe(atMs)
  })
})
