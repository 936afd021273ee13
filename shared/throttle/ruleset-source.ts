import { MAX_RULESET_BYTES } from '../limits.ts'
import { type ConfigDocumentDeps, configDocument } from '../store/config-document.ts'
import { promptDocument } from '../store/prompt-document.ts'
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
  const late = () => deps.log(deps.stage, 'throttle_late', { ruleset: inForce.name })
  const prompt = promptDocument(document, { name: 'the ruleset', clock: deps.clock, late })
  return {
    async current(defer) {
      inForce = (await prompt.current(defer)) ?? inForce
      return inForce
    },
    problem: () => prompt.problem(),
  }
}
