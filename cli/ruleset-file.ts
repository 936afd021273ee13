import { readFileSync, statSync } from 'node:fs'
import { MAX_RULESET_BYTES } from '#shared/limits.ts'
import { BUILT_IN_RULESETS } from '#shared/throttle/built-in-rulesets.ts'
import type { Ruleset } from '#shared/throttle/ruleset.ts'
import { parseRuleset, problemText } from '#shared/throttle/ruleset-document.ts'
import { RULESET_NAMES } from '#shared/throttle/ruleset-names.ts'
import { type CommandResult, failed } from './command-result.ts'
import { errorCode } from './error-code.ts'

/** A ruleset, or the failure that names every mistake by its rule. */
export type RulesetRead = { readonly kind: 'ruleset'; readonly ruleset: Ruleset } | CommandResult

/** Reads a ruleset document. */
export function readRulesetFile(file: string): RulesetRead {
  let json: string
  try {
    if (statSync(file).size > MAX_RULESET_BYTES) return failed(`${file} has more than ${MAX_RULESET_BYTES} bytes.`)
    json = readFileSync(file, 'utf8')
  } catch (thrown) {
    return failed(`Cannot read ${file} (${errorCode(thrown)}).`)
  }
  const parsed = parseRuleset(json)
  if (parsed.kind === 'parsed') return { kind: 'ruleset', ruleset: parsed.ruleset }
  return failed([`${file} would not be used:`, ...parsed.problems.map((one) => `  ${problemText(one)}`)].join('\n'))
}

/** Reads a ruleset document, or gives the built-in ruleset of that name. */
export function readRuleset(nameOrFile: string): RulesetRead {
  const name = RULESET_NAMES.find((one) => one === nameOrFile)
  return name === undefined ? readRulesetFile(nameOrFile) : { kind: 'ruleset', ruleset: BUILT_IN_RULESETS[name] }
}
