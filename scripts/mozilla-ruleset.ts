import { MOZILLA } from '#shared/throttle/built-in-rulesets.ts'
import type { Condition, ThrottleRule, When } from '#shared/throttle/ruleset.ts'

/** `docs/reference/mozilla-ruleset.md`: the built-in ruleset `mozilla`, rule by rule. */
export function mozillaRulesetPage(generated: string): string {
  const rows = MOZILLA.rules.map(
    (rule, at) => `| ${at + 1} | \`${rule.name}\` | ${whenText(rule.when)} | ${outcome(rule)} |`,
  )
  const packages = Object.entries(MOZILLA.packages).map(([product, names]) => `| ${product} | ${names.join(', ')} |`)
  return [
    '# The ruleset `mozilla`',
    '',
    generated,
    '',
    'The throttle rules that Mozilla’s collector has, in their order; see [rulesets](../howto/rulesets.md). The first that holds decides.',
    '',
    '| # | Rule | When | Then |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    `Products: ${MOZILLA.products.join(', ')}.`,
    '',
    '| Product | Android packages |',
    '| --- | --- |',
    ...packages,
    '',
  ].join('\n')
}

function outcome({ result, percent, otherwise }: ThrottleRule): string {
  return percent === 100 ? `\`${result}\`` : `${percent} % \`${result}\`, else \`${otherwise}\``
}

function whenText(when: When): string {
  if ('all' in when) return when.all.length === 0 ? 'always' : when.all.map(whenText).join(' and ')
  if ('any' in when) return `(${when.any.map(whenText).join(' or ')})`
  return 'not' in when ? `not (${whenText(when.not)})` : conditionText(when)
}

function conditionText(condition: Condition): string {
  const { annotation, json_path, op } = condition
  const place = `\`${annotation}${json_path === undefined ? '' : ` ${json_path}`}\``
  const missing =
    'default' in condition && condition.default !== undefined ? ` (missing: \`"${condition.default}"\`)` : ''
  const value = 'value' in condition ? ` \`${JSON.stringify(condition.value).replaceAll('|', '\\|')}\`` : ''
  return `${place} ${op}${value}${missing}`
}
