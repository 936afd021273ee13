import { RE2JS } from 're2js'
import { z } from 'zod'
import {
  MAX_MATCHED_CHARS,
  MAX_PATTERN_CHARS,
  MAX_RULE_CONDITIONS,
  MAX_RULE_NAME_CHARS,
  MAX_RULE_PATTERN_INSTRUCTIONS,
  MAX_RULE_PATTERNS,
  MAX_RULE_VALUE_CHARS,
  MAX_RULE_VALUES,
  MAX_THROTTLE_RULES,
  MAX_WHEN_DEPTH,
  MIN_RULE_PERCENT,
} from '../limits.ts'

/**
 * A ruleset as data (DESIGN.md section 4): which crash reports the collector keeps. `throttle.json` in R2 CONFIG has this form. docs/howto/rulesets.md
 * explains it to operators; throttle.ts says what it means.
 */

/** What a throttle rule does with a report. `fake_accept`: the client gets a crash id, nothing is kept. `continue`: the next rules decide. */
export const RULE_RESULTS = ['accept', 'reject', 'fake_accept', 'continue'] as const
export type RuleResult = (typeof RULE_RESULTS)[number]

/** The rule name of a report that no rule decides; it is rejected (specs/collector.md 2). */
export const NO_MATCH = 'NO_MATCH'

const value = z.string().max(MAX_RULE_VALUE_CHARS)
const values = z.array(value).max(MAX_RULE_VALUES)
const annotation = value.min(1)
/** Keys below a JSON annotation, `system.os.name`; a number is an index of a list. */
const jsonPath = value.regex(/^[^.]+(?:\.[^.]+)*$/, 'keys with dots between them, such as system.os.name')
/** Where the value is: an annotation, or what lies in its JSON text, or `default` where the report has neither. */
const place = { annotation, json_path: jsonPath.optional(), default: value.optional() }

const conditionSchemas = {
  present: z.strictObject({ annotation, json_path: jsonPath.optional(), op: z.literal('present') }),
  equals: z.strictObject({ ...place, op: z.literal('equals'), value }),
  in: z.strictObject({ ...place, op: z.literal('in'), value: values.min(1) }),
  starts_with: z.strictObject({ ...place, op: z.literal('starts_with'), value: value.min(1) }),
  matches: z.strictObject({ ...place, op: z.literal('matches'), value: z.string().superRefine(checkPattern) }),
  lt: z.strictObject({ ...place, op: z.literal('lt'), value: z.union([value, z.number()], 'a text or a number') }),
  lte: z.strictObject({ ...place, op: z.literal('lte'), value: z.union([value, z.number()], 'a text or a number') }),
  buildid_older_than_days: z.strictObject({
    ...place,
    op: z.literal('buildid_older_than_days'),
    value: z.int().min(1).max(36_500),
  }),
  in_products: z.strictObject({ ...place, op: z.literal('in_products') }),
  in_packages: z.strictObject({ ...place, op: z.literal('in_packages') }),
} as const
export type RuleOperator = keyof typeof conditionSchemas
export const RULE_OPERATORS = Object.keys(conditionSchemas).filter(isOperator)

/** A test of one annotation. Without the annotation, and without a `default`, it fails. */
export type Condition = { [Op in RuleOperator]: z.infer<(typeof conditionSchemas)[Op]> }[RuleOperator]
/** When a rule applies. `{all: []}` holds for every report. */
export type When =
  | { readonly all: readonly When[] }
  | { readonly any: readonly When[] }
  | { readonly not: When }
  | Condition

const ruleSchema = z.strictObject({
  /** What `Discarded=rule_<name>`, `metadata.throttle_rule`, logs and counters say. */
  name: z
    .string()
    .max(MAX_RULE_NAME_CHARS)
    .regex(/^[A-Za-z0-9_]+$/, 'a name has letters, digits and _ only')
    .refine((name) => name !== NO_MATCH, `${NO_MATCH} is the name of reports that no rule decides`),
  when: z.unknown().transform((node, context): When => readWhen(node, [], context) ?? { any: [] }),
  result: z.enum(RULE_RESULTS),
  /** Of the reports that `when` holds for, this share gets `result`, drawn one by one; the others get `otherwise`. */
  percent: z
    .number()
    .max(100)
    .refine((percent) => percent === 0 || percent >= MIN_RULE_PERCENT, `0, or ${MIN_RULE_PERCENT} to 100`)
    .default(100),
  otherwise: z.enum(RULE_RESULTS).default('continue'),
})
export type ThrottleRule = z.infer<typeof ruleSchema>

export const rulesetSchema = z
  .strictObject({
    version: z.literal(1),
    name: z.string().min(1).max(MAX_RULE_NAME_CHARS),
    /** For `in_products`. Empty: every product. */
    products: values.default([]),
    /** For `in_packages`: Android package names by product. A product without a list may have any. */
    packages: z.record(value, values).default({}),
    /** The first `keep_first` alike of an hour are kept, then one in `then_one_in`. Null: all. */
    duplicates: z
      .strictObject({ keep_first: z.int().min(1).max(1_000_000), then_one_in: z.int().min(1).max(1_000_000) })
      .nullable()
      .default(null),
    rules: z.array(ruleSchema).min(1).max(MAX_THROTTLE_RULES),
  })
  .superRefine(({ rules }, context) => {
    const firstAt = new Map<string, number>()
    for (const [at, { name }] of rules.entries()) {
      const first = firstAt.get(name)
      if (first === undefined) firstAt.set(name, at)
      else
        context.addIssue({ code: 'custom', path: ['rules', at, 'name'], message: `rules[${first}] has this name too` })
    }
    const conditions = rules.flatMap(({ when }) => conditionsOf(when))
    if (conditions.length > MAX_RULE_CONDITIONS)
      context.addIssue({ code: 'custom', path: ['rules'], message: `more than ${MAX_RULE_CONDITIONS} conditions` })
    if (conditions.filter(({ op }) => op === 'matches').length > MAX_RULE_PATTERNS)
      context.addIssue({ code: 'custom', path: ['rules'], message: `more than ${MAX_RULE_PATTERNS} patterns` })
  })
/** An ordered list of throttle rules; the first match wins. */
export type Ruleset = z.infer<typeof rulesetSchema>

/** All conditions of a rule. */
export function conditionsOf(when: When): readonly Condition[] {
  if ('all' in when) return when.all.flatMap(conditionsOf)
  if ('any' in when) return when.any.flatMap(conditionsOf)
  return 'not' in when ? conditionsOf(when.not) : [when]
}

/** A pattern as a question about a value, of which it sees the first MAX_MATCHED_CHARS. It may match anywhere, as in the peer's rules. */
export function compileRulePattern(pattern: string): (text: string) => boolean {
  const compiled = RE2JS.compile(pattern)
  return (text) => compiled.matcher(text.slice(0, MAX_MATCHED_CHARS)).find()
}

type Path = readonly (string | number)[]
type Issues = { addIssue(issue: { code: 'custom'; path: (string | number)[]; message: string }): void }

/** Reads `when` at any depth, so that a mistake is named by its own place rather than as "no member of the union". */
function readWhen(node: unknown, path: Path, issues: Issues): When | null {
  const wrong = (at: Path, message: string): null => {
    issues.addIssue({ code: 'custom', path: [...at], message })
    return null
  }
  if (path.filter((step) => typeof step === 'string').length > MAX_WHEN_DEPTH)
    return wrong(path, `nested deeper than ${MAX_WHEN_DEPTH}`)
  if (!isObject(node)) return wrong(path, 'an object is needed: {"all": […]}, {"any": […]}, {"not": …} or a condition')
  const group = (['all', 'any', 'not'] as const).find((name) => Object.hasOwn(node, name))
  if (group === undefined) return readCondition(node, path, issues)
  const others = Object.keys(node).filter((key) => key !== group)
  if (others.length > 0) return wrong(path, `"${group}" stands alone; move out: ${others.join(', ')}`)
  const inside = node[group]
  if (group === 'not') {
    const not = readWhen(inside, [...path, 'not'], issues)
    return not === null ? null : { not }
  }
  if (!Array.isArray(inside)) return wrong([...path, group], 'a list is needed')
  if (group === 'any' && inside.length === 0) return wrong([...path, group], 'an empty "any" holds for no report')
  if (inside.length > MAX_RULE_CONDITIONS) return wrong([...path, group], `more than ${MAX_RULE_CONDITIONS} conditions`)
  const members = inside.map((member, at) => readWhen(member, [...path, group, at], issues))
  const good = members.filter((member) => member !== null)
  if (good.length < members.length) return null
  return group === 'all' ? { all: good } : { any: good }
}

function readCondition(node: Readonly<Record<string, unknown>>, path: Path, issues: Issues): Condition | null {
  const { op } = node
  const known = typeof op === 'string' ? RULE_OPERATORS.find((name) => name === op) : undefined
  if (known === undefined) {
    const message = op === undefined ? 'an operator is needed' : `unknown operator ${JSON.stringify(op).slice(0, 100)}`
    issues.addIssue({
      code: 'custom',
      path: [...path, 'op'],
      message: `${message}; one of ${RULE_OPERATORS.join(', ')}`,
    })
    return null
  }
  const parsed = conditionSchemas[known].safeParse(node)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues)
    issues.addIssue({ code: 'custom', path: [...path, ...issue.path.filter(isStep)], message: issue.message })
  return null
}

function checkPattern(pattern: string, issues: Pick<z.RefinementCtx, 'addIssue'>): void {
  const message = patternProblem(pattern)
  if (message !== null) issues.addIssue({ code: 'custom', message })
}

function patternProblem(pattern: string): string | null {
  if (pattern.length > MAX_PATTERN_CHARS) return `a pattern has at most ${MAX_PATTERN_CHARS} characters`
  try {
    const isTooLarge = RE2JS.compile(pattern).programSize() > MAX_RULE_PATTERN_INSTRUCTIONS
    return isTooLarge ? `the pattern is too large: above ${MAX_RULE_PATTERN_INSTRUCTIONS} instructions` : null
  } catch (thrown) {
    return `no pattern of RE2: ${thrown instanceof Error ? thrown.message : String(thrown)}`
  }
}

function isOperator(name: string): name is RuleOperator {
  return Object.hasOwn(conditionSchemas, name)
}

function isStep(step: PropertyKey): step is string | number {
  return typeof step !== 'symbol'
}

function isObject(node: unknown): node is Readonly<Record<string, unknown>> {
  return typeof node === 'object' && node !== null && !Array.isArray(node)
}
