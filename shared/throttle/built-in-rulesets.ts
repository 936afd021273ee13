import { MOZILLA_RULES } from './mozilla-rules.ts'
import { type Ruleset, rulesetSchema } from './ruleset.ts'
import type { BuiltInRulesetName } from './ruleset-names.ts'

/** The default: a deployment that has said nothing about its products wants to see its crashes. */
export const ACCEPT_EVERYTHING: Ruleset = rulesetSchema.parse({
  version: 1,
  name: 'accept-everything',
  rules: [{ name: 'accept_everything', when: { all: [] }, result: 'accept' }],
})

/** Mozilla's products, packages and rules, as Antenna has them (specs/collector.md 2). */
export const MOZILLA: Ruleset = rulesetSchema.parse({
  version: 1,
  name: 'mozilla',
  products: ['Fenix', 'Firefox', 'Firefox Enterprise', 'Focus', 'MozillaVPN', 'ReferenceBrowser', 'Thunderbird'],
  packages: {
    Fenix: ['org.mozilla.firefox', 'org.mozilla.firefox_beta', 'org.mozilla.fenix'],
    Focus: ['org.mozilla.focus', 'org.mozilla.focus.beta', 'org.mozilla.focus.nightly', 'org.mozilla.klar'],
    ReferenceBrowser: ['org.mozilla.reference.browser'],
  },
  rules: MOZILLA_RULES,
})

/** The built-in rulesets by the name that `--ruleset` and the variable RULESET take. */
export const BUILT_IN_RULESETS: Readonly<Record<BuiltInRulesetName, Ruleset>> = {
  'accept-everything': ACCEPT_EVERYTHING,
  mozilla: MOZILLA,
}
