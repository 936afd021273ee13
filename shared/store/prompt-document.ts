import type { Clock } from '../clock.ts'
import { DeadlineExceeded, withDeadline } from '../deadline.ts'
import { CONFIG_IMPATIENT_MS, CONFIG_PATIENCE_MS } from '../limits.ts'
import type { ConfigDocument } from './config-document.ts'

/** A configuration document for work that cannot wait for it, such as a crash report. */
export interface PromptDocument<Value> {
  /**
   * What is in force; where CONFIG is late, wrong or down, the last that was. Null before the first answer of CONFIG. `defer` keeps a read alive when
   * the report that began it goes away. Never throws.
   */
  current(defer: (work: Promise<unknown>) => void): Promise<Value | null>
  /** Why the document that lies in CONFIG is not in force; null where it is, or where there is none. */
  problem(): string | null
}

/** Waits for a read up to CONFIG_PATIENCE_MS, and after one that was late not at all for a while. `late` is told of each wait that was in vain. */
export function promptDocument<Value>(
  document: ConfigDocument<Value>,
  { name, clock, late }: { readonly name: string; readonly clock: Clock; readonly late: () => void },
): PromptDocument<Value> {
  let known: Value | null = null
  let impatientUntilMs = Number.NEGATIVE_INFINITY
  return {
    async current(defer) {
      const reading = document.current().then((read) => {
        if (read !== null) known = read
        else impatientUntilMs = clock() + CONFIG_IMPATIENT_MS
      })
      defer(reading)
      if (clock() >= impatientUntilMs) {
        try {
          await withDeadline(name, CONFIG_PATIENCE_MS, reading)
        } catch (thrown) {
          if (!(thrown instanceof DeadlineExceeded)) throw thrown
          impatientUntilMs = clock() + CONFIG_IMPATIENT_MS
          late()
        }
      }
      return known
    },
    problem: () => document.problem(),
  }
}
