/** What a log line may say. Values are ids, names, counts and reasons: never an annotation value (DESIGN.md section 4). */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>

/** Writes one outcome of one stage. */
export type Log = (stage: string, outcome: string, fields?: LogFields) => void

/**
 * The production log: one JSON line an outcome, `{"stage","outcome",…}`, on standard output,
 * the form that Workers Logs index without set-up.
 */
export const consoleLog: Log = (stage, outcome, fields = {}) => {
  console.log(JSON.stringify({ stage, outcome, ...fields }))
}

/** The name and message of something thrown, safe to log: bindings throw Errors whose text holds no user data. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
}
