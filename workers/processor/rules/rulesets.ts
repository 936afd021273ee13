import type { RulesetName } from '#shared/messages.ts'
import { CAUSE_RULES } from './cause-rules.ts'
import { MACHINE_RULES } from './machine-rules.ts'
import { MODULE_RULES } from './module-rules.ts'
import { PRODUCT_RULES } from './product-rules.ts'
import { RAW_CRASH_RULES } from './raw-crash-rules.ts'
import type { Rule } from './rule.ts'
import { SIGNATURE_GENERATOR_RULE } from './signature-rules.ts'
import { STACKWALK_RULES, THREAD_COUNT_RULE } from './stackwalk-rules.ts'

/** Raise it with every change of a rule that can change a processed crash. */
export const PROCESSOR_VERSION = '1'

/** The rules of each ruleset, in the peer's order (specs/processor.md 1.3). A later rule reads what an earlier one wrote. */
export const RULESETS: Readonly<Record<RulesetName, readonly Rule[]>> = {
  default: [
    ...RAW_CRASH_RULES,
    ...STACKWALK_RULES,
    ...PRODUCT_RULES,
    ...CAUSE_RULES,
    ...MACHINE_RULES,
    ...MODULE_RULES,
    THREAD_COUNT_RULE,
    SIGNATURE_GENERATOR_RULE,
  ],
  regenerate_signature: [SIGNATURE_GENERATOR_RULE],
}
