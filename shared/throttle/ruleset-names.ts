/** The built-in rulesets, by the name that `--ruleset` and the variable RULESET take. */
export const RULESET_NAMES = ['accept-everything', 'mozilla'] as const
export type BuiltInRulesetName = (typeof RULESET_NAMES)[number]
