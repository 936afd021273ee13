import { type CrashId, crashDay, crashIdSchema } from '../crash-id.ts'
import { MAX_DOCUMENT_BYTES, MAX_INDEXED_CHARS, MAX_INDEXED_LIST_CHARS, MAX_INDEXED_TEXT_BYTES } from '../limits.ts'
import {
  BUILT_IN_FIELDS,
  DATE_FIELD,
  type FieldCatalog,
  LIST_SEPARATOR,
  type SearchField,
  UUID_FIELD,
} from './fields.ts'
import { instantOf, parseInstant } from './instant.ts'
import type { SearchDocument, SearchValue } from './search-rpc.ts'
import { dayMs } from './shards.ts'

/** What the peer indexes for a text that is not one (specs/webapp.md 3.1): the mistake can then be found and counted. */
const BAD_DATA = 'BAD DATA'

/**
 * The search document of a processed crash: the values of every field of the catalog, protected ones too, made fit for the index.
 * A field without a usable value is absent. `startedAtMs` is when processing started.
 * Throws when `uuid` is not a crash id: the Identifier rule set it.
 */
export function searchDocument(
  processedCrash: object,
  startedAtMs: number,
  catalog: FieldCatalog = BUILT_IN_FIELDS,
): SearchDocument {
  const crashId = crashIdSchema.parse(valueAt(processedCrash, UUID_FIELD))
  const values = catalog.fields.flatMap((field): Entry[] => {
    const value = field.name === DATE_FIELD ? dateValue(processedCrash, field, crashId) : indexed(processedCrash, field)
    return value === null ? [] : [[field.name, value]]
  })
  return { crash_id: crashId, started_at_ms: startedAtMs, values: Object.fromEntries(fitted(values)) }
}

type Entry = readonly [name: string, value: SearchValue]

/** Every query has a date window, so a crash without a date could never be found: it gets the day in its crash id. */
function dateValue(processedCrash: object, field: SearchField, crashId: CrashId): SearchValue {
  return indexed(processedCrash, field) ?? instantOf(dayMs(crashDay(crashId)))
}

/** One value as specs/webapp.md 3.1 has it, with two differences: an array is kept joined as a list, and integers are exact ones only (below 2^53). */
function indexed(processedCrash: object, field: SearchField): SearchValue | null {
  const value = valueAt(processedCrash, field.source)
  if (value === null || value === undefined) return null
  switch (field.type) {
    case 'str':
    case 'enum':
      return textOf(value, field)
    case 'int': {
      const number = typeof value === 'string' && !/^\s*[+-]?\d+\s*$/.test(value) ? Number.NaN : numberOf(value)
      return Number.isSafeInteger(number) ? number : null
    }
    case 'float': {
      const number = numberOf(value)
      return Number.isFinite(number) ? number : null
    }
    case 'bool':
      return value === true || value === 1 || value === '1' || value === 'true'
    case 'date':
      return typeof value === 'string' ? parseInstant(value) : null
  }
}

function textOf(value: unknown, { list, analysed }: SearchField): string {
  if (list) {
    const text = Array.isArray(value) ? value.map(listItem).join(LIST_SEPARATOR) : value
    return typeof text === 'string' ? cutList(text) : BAD_DATA
  }
  if (typeof value !== 'string') return BAD_DATA
  return analysed ? cutTextBytes(value, MAX_INDEXED_TEXT_BYTES) : cutText(value, MAX_INDEXED_CHARS)
}

/** An item stays one item, whatever is in it. */
function listItem(item: unknown): string {
  return typeof item === 'string' ? item.replaceAll(LIST_SEPARATOR, ',') : BAD_DATA
}

/** Annotations are text, so numbers come as text too (`build` always does). NaN for what is none. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
}

/** The first values of a list, without a part of one at the cut. */
function cutList(text: string): string {
  const cut = text.slice(0, MAX_INDEXED_LIST_CHARS + 1)
  return cut.length <= MAX_INDEXED_LIST_CHARS ? cut : cut.slice(0, cut.lastIndexOf(LIST_SEPARATOR))
}

/** The first characters of a text, without half a character at the cut. */
export function cutText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  const last = text.charCodeAt(maxChars - 1)
  const splitsAPair = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splitsAPair ? maxChars - 1 : maxChars)
}

const UTF8 = new TextEncoder()
const MAX_UTF8_BYTES_A_CHAR = 3

/** The characters of a text that fit into so many bytes of UTF-8, without a part of one at the cut. */
export function cutTextBytes(text: string, maxBytes: number): string {
  if (text.length * MAX_UTF8_BYTES_A_CHAR <= maxBytes) return text
  const { read } = UTF8.encodeInto(text, new Uint8Array(maxBytes))
  return text.slice(0, read)
}

/** A control character is six in JSON: `\u0000`. */
const MAX_JSON_BYTES_A_CHAR = 6

/**
 * The values as they fit into one row of the index. Only a report that was made for it has more than MAX_DOCUMENT_BYTES: then the texts of the last
 * fields of the catalog are cut.
 */
function fitted(values: readonly Entry[]): readonly Entry[] {
  const most = values.reduce(
    (bytes, [name, value]) => bytes + (name.length + String(value).length) * MAX_JSON_BYTES_A_CHAR,
    0,
  )
  if (most <= MAX_DOCUMENT_BYTES) return values
  let left = MAX_DOCUMENT_BYTES
  return values.map(([name, value]) => {
    const bytes = jsonBytes([name, value])
    const fit =
      typeof value === 'string' && bytes > left
        ? cutText(value, Math.max(0, Math.floor(left / MAX_JSON_BYTES_A_CHAR) - name.length))
        : value
    left -= Math.min(bytes, jsonBytes([name, fit]))
    return [name, fit]
  })
}

function jsonBytes(value: unknown): number {
  return UTF8.encode(JSON.stringify(value)).byteLength
}

function valueAt(root: object, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    return Reflect.get(value, key)
  }, root)
}
