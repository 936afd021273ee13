import { MAX_QUERY_TEXT_CHARS } from '#shared/limits.ts'
import type { FieldCatalog } from '#shared/search/fields.ts'

/**
 * The query bar: SuperSearch's filters as one line of text, `product:WaterWolf signature~js uptime<60 -version:1.0`, which is read back into exactly
 * the same parameters.
 *
 *     field:value   the value alone        field=value   is exactly      field~value   contains
 *     field^value   starts with            field$value   ends with       field@value   matches a pattern
 *     field<value   and <= > >=            -field…       not             word          signature contains it
 *
 * A value with spaces stands between quotes, where `\"` and `\\` are those characters. What begins like an operator and is none stands there too.
 */

const OPERATORS = ['>=', '<=', '=', '~', '^', '$', '@', '>', '<'] as const

/** What a text asks for, or the place where it cannot be read. */
export type QueryText =
  | { readonly kind: 'query'; readonly filters: readonly (readonly [name: string, value: string])[] }
  | { readonly kind: 'bad'; readonly message: string }

/** The filters of an address as text. Controls have no place in it. */
export function queryText(params: URLSearchParams, catalog: FieldCatalog): string {
  return [...params]
    .flatMap(([name, value]) => (name.startsWith('_') ? [] : [filterText(name, value, catalog)]))
    .join(' ')
}

function filterText(name: string, value: string, catalog: FieldCatalog): string {
  const not = value.startsWith('!')
  const rest = not ? value.slice(1) : value
  // `=` and `~` are no operators on fields of fixed values: there they are part of the value.
  const isEnum = catalog.find(name)?.type === 'enum'
  const operator = isEnum ? undefined : OPERATORS.find((sign) => rest.startsWith(sign))
  const field = /^[A-Za-z_][\w.]*$/.test(name) ? name : quoted(name)
  const plain = operator === undefined ? rest : rest.slice(operator.length)
  return `${not ? '-' : ''}${field}${operator ?? ':'}${needsQuotes(plain) ? quoted(plain) : plain}`
}

/** An unquoted value ends at a space, and must not be read as a longer operator (`<` and `=5`). */
function needsQuotes(value: string): boolean {
  return value === '' || /[\s"\\]/.test(value) || /^[=~^$@<>!:]/.test(value)
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

const QUOTED = /"((?:[^"\\]|\\["\\])*)"/y
const NAME = /[A-Za-z_][\w.]*/y
const SIGN = />=|<=|[:=~^$@<>]/y
const BARE = /[^\s"]+/y

/** Reads a text. Fields that there are not come back as they are: search says so. */
export function parseQueryText(text: string, catalog: FieldCatalog): QueryText {
  if (text.length > MAX_QUERY_TEXT_CHARS) {
    return { kind: 'bad', message: `a query has at most ${MAX_QUERY_TEXT_CHARS} characters` }
  }
  const filters: [string, string][] = []
  let at = 0
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found === null) return null
    at = pattern.lastIndex
    return found[1] ?? found[0]
  }
  const takeQuoted = (): string | null => {
    const found = take(QUOTED)
    return found === null ? null : found.replaceAll(/\\(["\\])/g, '$1')
  }
  for (;;) {
    take(/\s*/y)
    if (at >= text.length) return { kind: 'query', filters }
    const start = at
    const not = take(/-/y) !== null
    const name = take(NAME) ?? takeQuoted()
    const sign = name === null ? null : take(SIGN)
    if (name === null || sign === null) {
      at = start
      const word = takeQuoted() ?? take(BARE)
      if (word === null) return badAt(start, 'a quote that does not end')
      filters.push(['signature', `~${word}`])
      continue
    }
    const value = text[at] === '"' ? takeQuoted() : (take(BARE) ?? '')
    if (value === null) return badAt(at, 'a quote that does not end')
    const isEnum = catalog.find(name)?.type === 'enum'
    // `product=WaterWolf` can only mean that it is; as a parameter it would ask for a product named `=WaterWolf`.
    const operator = sign === ':' || (isEnum && sign === '=') ? '' : sign
    filters.push([name, `${not ? '!' : ''}${operator}${value}`])
  }
}

function badAt(at: number, problem: string): QueryText {
  return { kind: 'bad', message: `the query cannot be read at character ${at + 1}: ${problem}` }
}
