import { describe, expect, it } from 'vitest'
import { addCounts, cargoCounts, countsLine, vitestCounts, vitestRun, withRepeated } from './test-counts.ts'

/** A file of vitest's report: its tests' names and how each ended. */
function file(name: string, tests: Readonly<Record<string, string>>, status = 'passed') {
  return { name, status, assertionResults: Object.entries(tests).map(([fullName, status]) => ({ fullName, status })) }
}

const GOOD = file('a.test.ts', { one: 'passed', two: 'passed', three: 'pending', four: 'todo' })
const report = (...testResults: unknown[]) => JSON.stringify({ testResults })

describe('the counts of npm test', () => {
  it('adds the test programs of cargo', () => {
    const output = [
      'test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s',
      'running 2 tests',
      'test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out',
    ].join('\n')
    expect(cargoCounts(output, false)).toEqual({ passed: 15, failed: 2, skipped: 1 })
  })

  it('counts a build that does not compile as a failure', () => {
    expect(cargoCounts('error: could not compile', false)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  it('reads the report of vitest', () => {
    expect(vitestCounts(vitestRun(report(GOOD), true))).toEqual({ passed: 2, failed: 0, skipped: 2 })
  })

  it.each([
    ['a runner that failed though no test did', report(GOOD)],
    ['no report', null],
    ['half a report', '{"testResults":['],
  ])('never passes a run that failed: %s', (_, json) => {
    expect(vitestCounts(vitestRun(json, false))).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  it('never passes a run without a report, whatever its exit code', () => {
    expect(vitestCounts(vitestRun(null, true)).failed).toBe(1)
  })

  it('names failed tests, and a file that cannot be imported', () => {
    const run = vitestRun(
      report(GOOD, file('b.test.ts', { five: 'failed' }, 'failed'), file('c.test.ts', {}, 'failed')),
      false,
    )
    expect(run.files?.flatMap(({ failures }) => failures)).toEqual(['b.test.ts: five', 'c.test.ts'])
    expect(vitestCounts(run)).toEqual({ passed: 2, failed: 2, skipped: 2 })
  })

  it('takes the second result of a file that ran once more, and of no other', () => {
    const first = vitestRun(report(GOOD, file('b.test.ts', { five: 'failed', six: 'passed' }, 'failed')), false)
    const better = vitestRun(report(file('b.test.ts', { five: 'passed', six: 'passed' })), true)
    expect(vitestCounts(withRepeated(first, better))).toEqual({ passed: 4, failed: 0, skipped: 2 })
    expect(vitestCounts(withRepeated(first, first)).failed).toBe(1)
    expect(vitestCounts(withRepeated(first, { files: null })).failed).toBe(1)
    expect(vitestCounts(withRepeated({ files: null }, vitestRun(report(GOOD), true))).passed).toBe(2)
  })

  it('ends with one line, skipped tests only when there are any', () => {
    const counts = addCounts({ passed: 1, failed: 0, skipped: 0 }, { passed: 2, failed: 0, skipped: 0 })
    expect(countsLine(counts)).toBe('3 passed, 0 failed')
    expect(countsLine({ ...counts, skipped: 4 })).toBe('3 passed, 0 failed, 4 skipped')
  })
})
