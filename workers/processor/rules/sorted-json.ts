import { isRecord } from './rule.ts'

/** JSON with sorted keys and a space behind `,` and `:`: the peer's form, which people search for in such texts. */
export function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(', ')}]`
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}: ${sortedJson(inner)}`).join(', ')}}`
}
