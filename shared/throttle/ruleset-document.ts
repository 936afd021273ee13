import { z } from 'zod'
import { MAX_RULESET_BYTES } from '../limits.ts'
import { type Ruleset, rulesetSchema } from './ruleset.ts'

/** One mistake of a ruleset. `path` points at it by rule and field: `rules[3] "is_nightly": when.all[1].op`. */
export interface RulesetProblem {
  readonly path: string
  readonly problem: string
}

/** What reading a ruleset document gives. There is at least one problem in a malformed one; the first is the first of the document. */
export type RulesetParsing =
  | { readonly kind: 'parsed'; readonly ruleset: Ruleset }
  | { readonly kind: 'malformed'; readonly problems: readonly [RulesetProblem, ...RulesetProblem[]] }

/** Reads a ruleset document (`throttle.json`, or a file of an operator). */
export function parseRuleset(json: string): RulesetParsing {
  if (new TextEncoder().encode(json).length > MAX_RULESET_BYTES)
    return documentProblem(`more than ${MAX_RULESET_BYTES} bytes`)
  let document: unknown
  try {
    document = JSON.parse(json)
  } catch (thrown) {
    return documentProblem(`not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
  const parsed = rulesetSchema.safeParse(document)
  if (parsed.success) return { kind: 'parsed', ruleset: parsed.data }
  const [first, ...others] = parsed.error.issues.map(({ path, message }) => ({
    path: pointer(path, document),
    problem: message,
  }))
  return first === undefined ? documentProblem('unknown') : { kind: 'malformed', problems: [first, ...others] }
}

/** A problem as one line. */
export function problemText({ path, problem }: RulesetProblem): string {
  return `${path}: ${problem}`
}

function documentProblem(problem: string): RulesetParsing {
  return { kind: 'malformed', problems: [{ path: '(document)', problem }] }
}

const namesSchema = z.object({ rules: z.array(z.object({ name: z.unknown() }).catch({ name: null })) })

function pointer(path: readonly PropertyKey[], document: unknown): string {
  const [first, at, ...field] = path
  if (first !== 'rules' || typeof at !== 'number') return fieldPath(path) || '(document)'
  const names = namesSchema.safeParse(document)
  const name = names.success ? names.data.rules[at]?.name : null
  const rule = `rules[${at}]${typeof name === 'string' ? ` ${JSON.stringify(name.slice(0, 100))}` : ''}`
  return field.length === 0 ? rule : `${rule}: ${fieldPath(field)}`
}

function fieldPath(path: readonly PropertyKey[]): string {
  return path
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at === 0 ? '' : '.'}${String(step)}`))
    .join('')
}
