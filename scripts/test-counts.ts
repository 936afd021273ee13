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

/** One run of vitest, file by file. */
export interface VitestRun {
  /** Null: nobody knows what ran, such as without a report or when the runner failed and no test did. */
  readonly files: readonly TestFile[] | null
}

export interface TestFile {
  readonly path: string
  readonly counts: TestCounts
  /** Names of its failed tests; the path of a file that cannot be imported. */
  readonly failures: readonly string[]
}

const vitestSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
})

/** Reads vitest's JSON report, null where there is none. */
export function vitestRun(json: string | null, ok: boolean): VitestRun {
  const parsed = vitestSchema.safeParse(json === null ? null : parseJson(json))
  if (!parsed.success) return { files: null }
  const files = parsed.data.testResults.map((file): TestFile => {
    const passed = file.assertionResults.filter(({ status }) => status === 'passed').length
    const failed = file.assertionResults.filter(({ status }) => status === 'failed')
    const skipped = file.assertionResults.length - passed - failed.length
    const failures = failed.map(({ fullName }) => `${file.name}: ${fullName}`)
    if (failures.length === 0 && file.status === 'failed') failures.push(file.name)
    return { path: file.name, counts: { passed, failed: failures.length, skipped }, failures }
  })
  return ok || files.some(({ failures }) => failures.length > 0) ? { files } : { files: null }
}

/** The counts of files, and of an unknown run one failure. */
export function vitestCounts({ files }: VitestRun): TestCounts {
  return files === null ? ONE_FAILURE : files.map(({ counts }) => counts).reduce(addCounts, NO_TESTS)
}

/** A run whose failed files have run once more: the second result of a file stands in place of the first. */
export function withRepeated(first: VitestRun, second: VitestRun): VitestRun {
  if (first.files === null || second.files === null) return second
  const again = new Map(second.files.map((file) => [file.path, file]))
  return { files: first.files.map((file) => again.get(file.path) ?? file) }
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
