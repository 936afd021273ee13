import type { CrashId } from '../crash-id.ts'
import type { RawCrash } from '../raw-crash.ts'
import { RULE_RESULTS, type RuleResult, type Ruleset } from './ruleset.ts'
import { ruleShares } from './throttle.ts'

/**
 * What a ruleset would do with reports that are stored. A stored report stands for `sample_weight` reports as they were sent. Draws are not made but
 * reckoned with: a rule of 10 % keeps 0.1 of each report, so the same crashes always give the same numbers. What earlier rules rejected is not
 * stored and cannot be asked.
 */

/** Reports as sent, by what would happen to them. */
export type WouldBe = Readonly<Record<RuleResult, number>>

export interface RuleDryRun {
  readonly rule: string
  /** Stored crashes that this rule accepted when they came. */
  readonly did: number
  /** Reports as sent that would meet this rule, by what it would do. */
  readonly would: WouldBe
}

export interface ProductDryRun {
  /** `ProductName`; empty where a report has none. */
  readonly product: string
  /** Crashes that are stored. */
  readonly stored: number
  /** Reports as sent that they stand for. */
  readonly sent: number
  /** Of `sent`: what would be kept, rejected, and accepted for show. `continue` is always 0. */
  readonly would: WouldBe
}

export interface DryRunReport {
  readonly ruleset: string
  readonly stored: number
  readonly sent: number
  /** Rules in the order of the ruleset, then those of the stored crashes that it does not have. */
  readonly rules: readonly RuleDryRun[]
  /** Most reports first. */
  readonly products: readonly ProductDryRun[]
}

type Mutable = Record<RuleResult, number>
const nothing = (): Mutable => ({ accept: 0, reject: 0, fake_accept: 0, continue: 0 })

/** One dry run: raw crashes go in one by one, nothing of them is held but counts. */
export class DryRun {
  readonly #ruleset: Ruleset
  readonly #rules = new Map<string, { did: number; would: Mutable }>()
  readonly #products = new Map<string, { stored: number; sent: number; would: Mutable }>()

  constructor(ruleset: Ruleset) {
    this.#ruleset = ruleset
    for (const { name } of ruleset.rules) this.#rule(name)
  }

  /** Each report is judged at the time at which it came: the age of its build is what it was then. */
  add({ annotations, metadata, submitted_timestamp }: RawCrash): void {
    const { sample_weight: weight = 1, throttle_rule: did } = metadata
    if (did !== undefined) this.#rule(did).did++
    const product = this.#product(annotations.ProductName)
    product.stored++
    product.sent += weight
    for (const { rule, shares } of ruleShares(annotations, this.#ruleset, Date.parse(submitted_timestamp))) {
      const { would } = this.#rule(rule)
      for (const result of RULE_RESULTS) {
        would[result] += shares[result] * weight
        if (result !== 'continue') product.would[result] += shares[result] * weight
      }
    }
  }

  report(): DryRunReport {
    const products = [...this.#products]
      .map(([product, counts]) => ({ product, ...counts }))
      .sort((left, right) => right.sent - left.sent)
    return {
      ruleset: this.#ruleset.name,
      stored: products.reduce((sum, { stored }) => sum + stored, 0),
      sent: products.reduce((sum, { sent }) => sum + sent, 0),
      rules: [...this.#rules].map(([rule, counts]) => ({ rule, ...counts })),
      products,
    }
  }

  #rule(name: string) {
    const known = this.#rules.get(name)
    if (known !== undefined) return known
    const counts = { did: 0, would: nothing() }
    this.#rules.set(name, counts)
    return counts
  }

  #product(sent: RawCrash['annotations'][string] | undefined) {
    const name = typeof sent === 'string' ? sent : ''
    const known = this.#products.get(name)
    if (known !== undefined) return known
    const counts = { stored: 0, sent: 0, would: nothing() }
    this.#products.set(name, counts)
    return counts
  }
}

/** Where stored crashes are read: the `CrashStore`, or whoever has raw crashes with all their annotations. */
export interface StoredRawCrashes {
  /** The crash ids of one day (`YYYYMMDD`), page by page. */
  list(
    day: string,
    cursor: string | null,
  ): Promise<{ readonly crashIds: readonly CrashId[]; readonly cursor: string | null }>
  /** Null: it is gone, or cannot be read. */
  read(crashId: CrashId): Promise<RawCrash | null>
}

/** A dry run over stored days, at most `maxCrashes` of them, some of every day. `unread`: crashes that are gone or cannot be read. */
export async function dryRunDays(
  ruleset: Ruleset,
  days: readonly string[],
  crashes: StoredRawCrashes,
  maxCrashes: number,
): Promise<DryRunReport & { readonly unread: number }> {
  const run = new DryRun(ruleset)
  let unread = 0
  for (const [at, day] of days.entries()) {
    let left = Math.ceil((maxCrashes * (at + 1)) / days.length) - Math.ceil((maxCrashes * at) / days.length)
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<StoredRawCrashes['list']>> = await crashes.list(day, cursor)
      for (const crashId of page.crashIds.slice(0, left)) {
        const rawCrash = await crashes.read(crashId)
        if (rawCrash === null) unread++
        else run.add(rawCrash)
      }
      left -= Math.min(left, page.crashIds.length)
      cursor = page.cursor
    } while (cursor !== null && left > 0)
  }
  return { ...run.report(), unread }
}
