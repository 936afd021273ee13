import { z } from 'zod'
import { parseJsonUpTo } from '#shared/bounded-json.ts'
import { MAX_BREADCRUMBS, MAX_JSON_DEPTH } from '#shared/limits.ts'
import { isRecord } from './rule.ts'

/** What became of an annotation `Breadcrumbs`. `problem` names places and types, never a value: it becomes a note, and notes are public. */
export type BreadcrumbsParsing =
  | { readonly kind: 'parsed'; readonly breadcrumbs: readonly object[] }
  | { readonly kind: 'malformed'; readonly problem: string }

const text = z.string().nullish()

/** One step before the crash, as the Sentry protocol writes it; what it does not name is kept. */
const breadcrumbSchema = z.looseObject({
  timestamp: z.union([z.string(), z.number()]),
  category: text,
  level: text,
  type: text,
  message: text,
  data: z.record(z.string(), z.unknown()).nullish(),
})

const breadcrumbsSchema = z.array(breadcrumbSchema).max(MAX_BREADCRUMBS)

/** Reads breadcrumbs: a JSON array, or one under `values` (specs/processor.md 1.3, 27). */
export function parseBreadcrumbs(annotation: unknown): BreadcrumbsParsing {
  const parsing =
    typeof annotation === 'string'
      ? parseJsonUpTo(MAX_JSON_DEPTH, annotation)
      : { kind: 'parsed' as const, value: annotation }
  if (parsing.kind === 'malformed') return { kind: 'malformed', problem: 'not valid json' }
  const value = isRecord(parsing.value) && 'values' in parsing.value ? parsing.value.values : parsing.value
  const checked = breadcrumbsSchema.safeParse(value)
  if (checked.success) return { kind: 'parsed', breadcrumbs: checked.data }
  const [issue] = checked.error.issues
  const [at, key] = issue?.path ?? []
  const place =
    at === undefined
      ? ''
      : key === undefined
        ? `breadcrumb ${String(at)} `
        : `${String(key)} of breadcrumb ${String(at)} `
  return {
    kind: 'malformed',
    problem: `${place}${issue?.code === 'too_big' ? `are more than ${MAX_BREADCRUMBS}` : 'has the wrong type'}`,
  }
}
