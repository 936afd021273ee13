import { MAX_SHOWN_BREADCRUMBS } from '#shared/limits.ts'
import { timeMs } from './duration.ts'
import { asList, asRecord, asText } from './json-value.ts'

/** One step before the crash. */
export interface Breadcrumb {
  readonly atMs: number | null
  readonly category: string
  readonly level: string | null
  readonly message: string
}

/** The steps before the crash, the last first (`breadcrumbs`, protected). */
export function breadcrumbsOf(crash: Readonly<Record<string, unknown>>): {
  readonly rows: readonly Breadcrumb[]
  readonly notShown: number
} {
  const all = asList(crash.breadcrumbs)
  const rows = all
    .slice(-MAX_SHOWN_BREADCRUMBS)
    .reverse()
    .map((crumb) => {
      const { timestamp, category, level, message, data } = asRecord(crumb)
      const text = [asText(message), asText(data)].filter((part) => part !== null)
      return {
        atMs: timeMs(timestamp),
        category: asText(category) ?? '',
        level: asText(level),
        message: text.join(' '),
      }
    })
  return { rows, notShown: all.length - rows.length }
}
