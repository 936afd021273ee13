import { z } from 'zod'

/** How many tests a run had. */
export interface TestCounts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const NO_TESTS: TestCounts = { passed: 0, failed: 0, skipped: 0 }
/** A step that is no test but failed, such as a build or the lint. */
export const ONE_FAILURE: TestCounts = { passed: 0, failed: 1, skipped: 0 }

export function addCounts(left: TestCounts, right: TestCounts): TestCounts {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  }
}

/** A run that failed without a failed test (a file that cannot be imported, a worker that died) still counts as a failure. */
export function withExit(counts: TestCounts, ok: boolean): TestCounts {
  return ok || counts.failed > 0 ? counts : addCounts(counts, ONE_FAILURE)
}

const vitestSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number().default(0),
})

/** Counts of vitest's JSON report; a report that is not there or not whole counts as a failure. */
export function vitestCounts(json: string | null, ok: boolean): TestCounts {
  const parsed = vitestSchema.safeParse(json === null ? null : parseJson(json))
  if (!parsed.success) return ONE_FAILURE
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = parsed.data
  return withExit({ passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests }, ok)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Counts of `cargo test`: one `test result:` line for each test program. */
export function cargoCounts(output: string, ok: boolean): TestCounts {
  let counts = NO_TESTS
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    counts = addCounts(counts, { passed: Number(passed), failed: Number(failed), skipped: Number(ignored) })
  }
  return withExit(counts, ok)
}

/** The last line of `npm test`: `12 passed, 0 failed`, and `, 3 skipped` when any were. */
export function countsLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`
}
