import { describe, expect, it } from 'vitest'
import { addCounts, cargoCounts, countsLine, vitestCounts } from './test-counts.ts'

const REPORT = { numPassedTests: 40, numFailedTests: 0, numPendingTests: 2, numTodoTests: 1 }

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
    expect(vitestCounts(JSON.stringify(REPORT), true)).toEqual({ passed: 40, failed: 0, skipped: 3 })
  })

  it.each([
    ['a file that cannot be imported', JSON.stringify(REPORT)],
    ['no report', null],
    ['half a report', '{"numPassedTests":4'],
  ])('never passes a run that failed: %s', (_, report) => {
    expect(vitestCounts(report, false).failed).toBe(1)
  })

  it('never passes a run without a report, whatever its exit code', () => {
    expect(vitestCounts(null, true).failed).toBe(1)
  })

  it('ends with one line, skipped tests only when there are any', () => {
    const counts = addCounts({ passed: 1, failed: 0, skipped: 0 }, { passed: 2, failed: 0, skipped: 0 })
    expect(countsLine(counts)).toBe('3 passed, 0 failed')
    expect(countsLine({ ...counts, skipped: 4 })).toBe('3 passed, 0 failed, 4 skipped')
  })
})
