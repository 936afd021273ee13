import { DeadlineExceeded, withDeadline } from '../deadline.ts'
import { MAX_RULESET_BYTES, RULESET_DEADLINE_MS, RULESET_IMPATIENT_MS } from '../limits.ts'
import { type ConfigDocumentDeps, configDocument } from '../store/config-document.ts'
import type { Ruleset } from './ruleset.ts'
import { parseRuleset } from './ruleset-document.ts'

/** The ruleset in force, as one isolate has it. */
export interface RulesetSource {
  /**
   * The ruleset of `throttle.json`, at most a minute old. Where CONFIG is late, wrong or down, it is the last good one, else the built-in: intake never
   * stops for a document. `defer` keeps a read alive when the report that began it goes away. Never throws.
   */
  current(defer: (work: Promise<unknown>) => void): Promise<Ruleset>
  /** Why `throttle.json` is not in force; null where it is, or where there is none. */
  problem(): string | null
}

/** One source an isolate. `builtIn` holds where CONFIG has no `throttle.json`. */
export function rulesetSource(builtIn: Ruleset, deps: ConfigDocumentDeps): RulesetSource {
  const document = configDocument(
    {
      key: 'throttle.json',
      name: 'throttle',
      maxBytes: MAX_RULESET_BYTES,
      builtIn,
      parse(json) {
        const parsed = parseRuleset(json)
        return parsed.kind === 'parsed'
          ? { kind: 'parsed', value: parsed.ruleset }
          : { kind: 'malformed', ...parsed.problems[0] }
      },
    },
    deps,
  )
  let inForce = builtIn
  let impatientUntilMs = Number.NEGATIVE_INFINITY
  return {
    async current(defer) {
      const reading = document.current().then((read) => {
        if (read !== null) inForce = read
        else impatientUntilMs = deps.clock() + RULESET_IMPATIENT_MS
      })
      defer(reading)
      if (deps.clock() >= impatientUntilMs) {
        try {
          await withDeadline('the ruleset', RULESET_DEADLINE_MS, reading)
        } catch (thrown) {
          if (!(thrown instanceof DeadlineExceeded)) throw thrown
          impatientUntilMs = deps.clock() + RULESET_IMPATIENT_MS
          deps.log(deps.stage, 'throttle_late', { ruleset: inForce.name })
        }
      }
      return inForce
    },
    problem: () => document.problem(),
  }
}
