import { type Annotations, isJsonObject, type JsonValue } from '../raw-crash.ts'
import { type Condition, compileRulePattern, type Ruleset, type When } from './ruleset.ts'

/** A report as the conditions of a ruleset see it. */
export interface ReportInQuestion {
  readonly annotations: Annotations
  readonly ruleset: Pick<Ruleset, 'products' | 'packages'>
  readonly nowMs: number
  /** The JSON texts that were read already: two conditions of a rule often look into the same one. */
  readonly parsedJson: Map<string, JsonValue | undefined>
}

const DAY_MS = 86_400_000

/** Whether `when` holds for a report. No annotation, of whatever type, makes it throw (specs/collector.md 4.3, P2). */
export function holds(when: When, report: ReportInQuestion): boolean {
  if ('all' in when) return when.all.every((member) => holds(member, report))
  if ('any' in when) return when.any.some((member) => holds(member, report))
  if ('not' in when) return !holds(when.not, report)
  return conditionHolds(when, report)
}

function conditionHolds(condition: Condition, report: ReportInQuestion): boolean {
  const sent = sentValue(condition, report)
  switch (condition.op) {
    case 'present':
      return sent !== undefined
    case 'in_products':
      return isListed(sent, report.ruleset.products)
    case 'in_packages':
      return isListed(sent, packagesOf(report))
    case 'lt':
      return isBelow(sent, condition, (left, right) => left < right)
    case 'lte':
      return isBelow(sent, condition, (left, right) => left <= right)
    default:
      return textHolds(condition, sent === undefined ? null : textOf(sent), report.nowMs)
  }
}

type TextCondition = Extract<Condition, { op: 'equals' | 'in' | 'starts_with' | 'matches' | 'buildid_older_than_days' }>

function textHolds(condition: TextCondition, text: string | null, nowMs: number): boolean {
  if (text === null) return false
  switch (condition.op) {
    case 'equals':
      return text === condition.value
    case 'in':
      return condition.value.includes(text)
    case 'starts_with':
      return text.startsWith(condition.value)
    case 'matches':
      return patternOf(condition)(text)
    case 'buildid_older_than_days': {
      const builtAtMs = buildDayMs(text)
      return builtAtMs !== null && builtAtMs < nowMs - condition.value * DAY_MS
    }
  }
}

/** The annotation, or what `json_path` finds in its JSON text, or the `default`. Undefined: the report has none of them. */
function sentValue(condition: Condition, report: ReportInQuestion): JsonValue | undefined {
  const { annotation, json_path } = condition
  const sent = json_path === undefined ? report.annotations[annotation] : valueAt(json_path, annotation, report)
  return sent === undefined && 'default' in condition ? condition.default : sent
}

/**
 * Looks into the JSON text of an annotation. A text that is not JSON has nothing inside, nor has an object of a JSON `extra`: the peer
 * compares only what was sent as text (specs/collector.md 2).
 */
function valueAt(jsonPath: string, annotation: string, report: ReportInQuestion): JsonValue | undefined {
  if (!report.parsedJson.has(annotation)) report.parsedJson.set(annotation, parseText(report.annotations[annotation]))
  let found = report.parsedJson.get(annotation)
  for (const key of jsonPath.split('.')) found = member(found, key)
  return found
}

function member(parent: JsonValue | undefined, key: string): JsonValue | undefined {
  if (Array.isArray(parent)) return /^\d{1,6}$/.test(key) ? parent[Number(key)] : undefined
  return parent !== undefined && isJsonObject(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined
}

function parseText(sent: JsonValue | undefined): JsonValue | undefined {
  if (typeof sent !== 'string') return undefined
  try {
    const parsed: JsonValue = JSON.parse(sent)
    return parsed
  } catch {
    return undefined
  }
}

/** A value as the peer's text: null is `None`, true is `True`, 0 is `0` (specs/collector.md 2). Lists and objects have none. */
function textOf(sent: JsonValue): string | null {
  if (sent === null) return 'None'
  if (typeof sent === 'boolean') return sent ? 'True' : 'False'
  return typeof sent === 'object' ? null : String(sent)
}

/** Where nothing is listed, everything is: a ruleset without products takes all of them, a product without packages any. */
function isListed(sent: JsonValue | undefined, listed: readonly string[] | null): boolean {
  if (listed === null || listed.length === 0) return true
  const text = sent === undefined ? null : textOf(sent)
  return text !== null && listed.includes(text)
}

function packagesOf({ annotations, ruleset: { packages } }: ReportInQuestion): readonly string[] | null {
  const sent = annotations.ProductName
  const product = sent === undefined ? null : textOf(sent)
  return product !== null && Object.hasOwn(packages, product) ? (packages[product] ?? null) : null
}

/** Texts are compared as texts, numbers as numbers: of an annotation a decimal text is a number too, inside JSON only a number is. */
function isBelow(
  sent: JsonValue | undefined,
  { value, json_path }: Extract<Condition, { op: 'lt' | 'lte' }>,
  compare: <T extends string | number>(left: T, right: T) => boolean,
): boolean {
  if (sent === undefined) return false
  if (typeof value === 'number') {
    const number = typeof sent === 'number' ? sent : json_path === undefined ? decimal(sent) : null
    return number !== null && compare(number, value)
  }
  const text = textOf(sent)
  return text !== null && compare(text, value)
}

function decimal(sent: JsonValue): number | null {
  return typeof sent === 'string' && /^-?\d{1,20}(?:\.\d{1,20})?$/.test(sent) ? Number(sent) : null
}

/** The day of a build id such as `20180529143000`, at midnight UTC; null where it is none (specs/collector.md 2, rule 1). */
function buildDayMs(buildId: string): number | null {
  const [, year = '', month = '', day = ''] = /^(20\d\d)(\d\d)(\d\d)\d{6}$/.exec(buildId) ?? []
  const atMs = Date.UTC(Number(year), Number(month) - 1, Number(day))
  return year !== '' && new Date(atMs).toISOString().startsWith(`${year}-${month}-${day}`) ? atMs : null
}

const patterns = new WeakMap<Condition, (text: string) => boolean>()

/** A condition's pattern, compiled once as long as its ruleset is in force. */
function patternOf(condition: Extract<Condition, { op: 'matches' }>): (text: string) => boolean {
  const known = patterns.get(condition)
  if (known !== undefined) return known
  const pattern = compileRulePattern(condition.value)
  patterns.set(condition, pattern)
  return pattern
}
