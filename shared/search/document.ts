import { type CrashId, crashDay, crashIdSchema } from '../crash-id.ts'
import { MAX_INDEXED_CHARS, MAX_INDEXED_LIST_CHARS } from '../limits.ts'
import { DATE_FIELD, LIST_SEPARATOR, SEARCH_FIELDS, type SearchField, UUID_FIELD } from './fields.ts'
import { instantOf, parseInstant } from './instant.ts'
import type { SearchDocument, SearchValue } from './search-rpc.ts'
import { dayMs } from './shards.ts'

/** What the peer indexes for a text that is not one (specs/webapp.md 3.1): the mistake can then be found and counted. */
const BAD_DATA = 'BAD DATA'

/**
 * The search document of a processed crash: the values of every field, protected ones too, made fit for the index.
 * A field without a usable value is absent. `startedAtMs` is when processing started.
 * Throws when `uuid` is not a crash id: the Identifier rule set it.
 */
export function searchDocument(processedCrash: object, startedAtMs: number): SearchDocument {
  const crashId = crashIdSchema.parse(valueAt(processedCrash, UUID_FIELD))
  const values = SEARCH_FIELDS.flatMap((field): [string, SearchValue][] => {
    const value = field.name === DATE_FIELD ? dateValue(processedCrash, field, crashId) : indexed(processedCrash, field)
    return value === null ? [] : [[field.name, value]]
  })
  return { crash_id: crashId, started_at_ms: startedAtMs, values: Object.fromEntries(values) }
}

/** Every query has a date window, so a crash without a date could never be found: it gets the day in its crash id. */
function dateValue(processedCrash: object, field: SearchField, crashId: CrashId): SearchValue {
  return indexed(processedCrash, field) ?? instantOf(dayMs(crashDay(crashId)))
}

function indexed(processedCrash: object, field: SearchField): SearchValue | null {
  const value = valueAt(processedCrash, field.source)
  if (value === null || value === undefined) return null
  switch (field.type) {
    case 'str':
    case 'enum':
      if (typeof value !== 'string') return BAD_DATA
      return field.list ? cutList(value) : cutText(value, MAX_INDEXED_CHARS)
    case 'int': {
      const number = numberOf(value)
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

function valueAt(root: object, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    return Reflect.get(value, key)
  }, root)
}
