/**
 * The order of versions, for all that sorts them. Versions compare only within one product and channel: `128.3.0esr` is neither older nor newer than
 * `132.0`, and two products count each in its own way. What it knows, each older than the next:
 *
 * - parts are numbers, however many, a missing one is 0: `9.0`, `10.0.19041.1`, `10.0.19041.388`; `2026.9.30`, `2026-11-23`, `2026-11-23-2`;
 * - a suffix comes before its release: `38.0a2`, `38.0b2pre`, `38.0b2`, `38.0b10`, `38.0`;
 * - so do the pre-releases of semver: `1.0.0-alpha`, `1.0.0-alpha.1`, `1.0.0-alpha.beta`, `1.0.0-beta.2`, `1.0.0-beta.11`, `1.0.0-rc.1`, `1.0.0`;
 * - but these come after it: `esr`, `hotfix`, `patch`, `post`, `sp`: `128.3.0`, `128.3.0esr`, `128.3.1esr`;
 * - what has no number at all comes before everything: `nightly`, `1.0`.
 *
 * A leading `v` and what stands behind `+` decide nothing. Texts that mean the same (`1.0` and `1.0.0`) are ordered by their characters, so that
 * only equal texts are equal.
 */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [versionOf(left), versionOf(right)]
  return (
    a.hasNumber - b.hasNumber ||
    compareNumberLists(a.parts, b.parts) ||
    a.phase - b.phase ||
    compareSuffixes(a.suffix, b.suffix) ||
    compareTexts(left, right)
  )
}

/** When a build was made, in epoch milliseconds: of a build id that is a timestamp of 14 digits (UTC); null for any other, which has no order. */
export function buildTimeMs(buildId: string): number | null {
  const digits = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(buildId)
  if (digits === null) return null
  const [, year, month, day, hours, minutes, seconds] = digits
  const text = `${year}-${month}-${day}T${hours}:${minutes}:${seconds}`
  const atMs = Date.parse(`${text}Z`)
  // Date.parse takes 31 February for 3 March.
  return Number.isNaN(atMs) || !new Date(atMs).toISOString().startsWith(text) ? null : atMs
}

interface Version {
  readonly hasNumber: 0 | 1
  /** Digits without leading zeros. */
  readonly parts: readonly string[]
  /** Before its release, the release itself, after it. */
  readonly phase: 0 | 1 | 2
  readonly suffix: readonly string[]
}

const AFTER_RELEASE: ReadonlySet<string> = new Set(['esr', 'hotfix', 'patch', 'post', 'sp'])

/** `2026-11-23`, and `2026-11-23-2` for the second of a day. */
const DATE = /^\d{4}-\d{2}-\d{2}(?:-\d+)*(?!\d)/

function versionOf(text: string): Version {
  const plain = text
    .trim()
    .replace(/^v(?=\d)/i, '')
    .replace(/\+.*$/s, '')
  const dotted = plain.replace(DATE, (date) => date.replaceAll('-', '.'))
  const core = /^\d+(?:\.\d+)*/.exec(dotted)?.[0] ?? ''
  const suffix =
    dotted
      .slice(core.length)
      .toLowerCase()
      .match(/\d+|[^\d.\-_\s]+/g) ?? []
  const phase = core === '' ? 0 : suffix.length === 0 ? 1 : AFTER_RELEASE.has(suffix[0] ?? '') ? 2 : 0
  return { hasNumber: core === '' ? 0 : 1, parts: core.split('.').map(withoutLeadingZeros), phase, suffix }
}

function withoutLeadingZeros(digits: string): string {
  return digits.replace(/^0+/, '')
}

/** Longer numbers are larger: digits of any length compare without loss. */
function compareNumbers(left: string, right: string): number {
  return left.length - right.length || compareTexts(left, right)
}

function compareNumberLists(left: readonly string[], right: readonly string[]): number {
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const order = compareNumbers(left[at] ?? '', right[at] ?? '')
    if (order !== 0) return order
  }
  return 0
}

/** Item by item: a number before a word, an end before both; but `pre` comes before the end, as `b2pre` before `b2`. */
function compareSuffixes(left: readonly string[], right: readonly string[]): number {
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const [a, b] = [left[at], right[at]]
    const order = rankOf(a, at) - rankOf(b, at) || compareItems(a ?? '', b ?? '')
    if (order !== 0) return order
  }
  return 0
}

function rankOf(item: string | undefined, at: number): number {
  if (item === undefined) return 1
  if (item === 'pre' && at > 0) return 0
  return isNumber(item) ? 2 : 3
}

function compareItems(left: string, right: string): number {
  return isNumber(left) && isNumber(right)
    ? compareNumbers(withoutLeadingZeros(left), withoutLeadingZeros(right))
    : compareTexts(left, right)
}

function isNumber(item: string): boolean {
  return /^\d/.test(item)
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
