import { describe, expect, it } from 'vitest'
import { type CrashId, createCrashId } from '../crash-id.ts'
import { type Annotations, parseRawCrash, type RawCrash } from '../raw-crash.ts'
import { MOZILLA } from './built-in-rulesets.ts'
import { DryRun, dryRunDays } from './dry-run.ts'
import { rulesetSchema } from './ruleset.ts'

const DAY = Date.UTC(2026, 10, 22, 12)
let number = 0
const newId = () =>
  createCrashId(
    () => DAY,
    (bytes) => bytes.fill(number++),
  )

/** A raw crash as it lies in R2. */
function stored(annotations: Annotations, metadata: object = {}): RawCrash {
  const parsing = parseRawCrash(
    JSON.stringify({ ...annotations, submitted_timestamp: '2026-11-22T12:00:00+00:00', metadata }),
    newId(),
  )
  if (parsing.kind !== 'parsed') throw new Error(parsing.reason)
  return parsing.rawCrash
}

describe('a dry run', () => {
  it('says by rule and product what would have happened, and what did', () => {
    const run = new DryRun(MOZILLA)
    const release = { ProductName: 'Firefox', ReleaseChannel: 'release' }
    for (let at = 0; at < 3; at++) run.add(stored(release, { throttle_rule: 'is_firefox_desktop', sample_weight: 10 }))
    run.add(stored({ ProductName: 'WaterWolf' }, { throttle_rule: 'accept_everything' }))
    run.add(stored({ ProductName: 'b2g' }, { throttle_rule: 'our_own' }))
    const report = run.report()
    expect([report.ruleset, report.stored, report.sent]).toEqual(['mozilla', 5, 32])
    expect(report.products).toEqual([
      { product: 'Firefox', stored: 3, sent: 30, would: { accept: 3, reject: 27, fake_accept: 0, continue: 0 } },
      { product: 'WaterWolf', stored: 1, sent: 1, would: { accept: 0, reject: 1, fake_accept: 0, continue: 0 } },
      { product: 'b2g', stored: 1, sent: 1, would: { accept: 0, reject: 0, fake_accept: 1, continue: 0 } },
    ])
    const rule = (name: string) => report.rules.find((row) => row.rule === name)
    expect(rule('is_firefox_desktop')).toMatchObject({ did: 3, would: { accept: 3, reject: 27 } })
    expect(rule('unsupported_product')).toMatchObject({ did: 0, would: { reject: 1 } })
    expect(rule('accept_everything')).toMatchObject({ did: 1, would: { accept: 0 } })
    expect(report.rules.map(({ rule: name }) => name)).toEqual([...MOZILLA.rules.map(({ name }) => name), 'our_own'])
  })

  it('judges a build at the time at which its report came', () => {
    const run = new DryRun(MOZILLA)
    for (const BuildID of ['20241122000000', '20241123000000']) run.add(stored({ ProductName: 'MozillaVPN', BuildID }))
    expect(run.report().products[0]?.would).toMatchObject({ accept: 1, reject: 1 })
  })

  it('reads the days it is asked for, some of each, and counts what is gone', async () => {
    const ruleset = rulesetSchema.parse({
      ...{ version: 1, name: 'test' },
      rules: [{ name: 'all', when: { all: [] }, result: 'accept' }],
    })
    const ids: CrashId[] = Array.from({ length: 10 }, newId)
    const asked: string[] = []
    const crashes = {
      async list(day: string, cursor: string | null) {
        asked.push(`${day} ${cursor}`)
        return cursor === null
          ? { crashIds: ids.slice(0, 4), cursor: 'next' }
          : { crashIds: ids.slice(4), cursor: null }
      },
      read: async (crashId: CrashId) => (crashId === ids[1] ? null : stored({ ProductName: 'P' })),
    }
    const report = await dryRunDays(ruleset, ['20261121', '20261122'], crashes, 11)
    // Six of the first day, five of the second; one of each is gone.
    expect([report.stored, report.unread]).toEqual([9, 2])
    expect(asked).toEqual(['20261121 null', '20261121 next', '20261122 null', '20261122 next'])
  })
})
