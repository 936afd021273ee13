import type { AnnotationRegistry } from '#shared/annotations/registry.ts'
import { MAX_SHOWN_ANNOTATIONS } from '#shared/limits.ts'
import { asRecord, asText } from './json-value.ts'

/** One crash annotation of the raw crash that this viewer may see. */
export interface AnnotationRow {
  readonly name: string
  readonly value: string
  readonly protected: boolean
  readonly description: string | null
}

/** What the collector adds beside the annotations; the page shows it elsewhere. */
const COLLECTOR_FIELDS: ReadonlySet<string> = new Set(['metadata', 'submitted_timestamp', 'uuid', 'version'])

/** The annotations in the order of their names. One that the registry does not list is protected. */
export function annotationsOf(
  rawCrash: unknown,
  registry: AnnotationRegistry,
): { readonly rows: readonly AnnotationRow[]; readonly notShown: number } {
  const known = new Map(registry.annotations.map((annotation) => [annotation.name, annotation]))
  const entries = Object.entries(asRecord(rawCrash))
    .filter(([name]) => !COLLECTOR_FIELDS.has(name))
    .sort(([left], [right]) => left.localeCompare(right, 'en'))
  return {
    rows: entries.slice(0, MAX_SHOWN_ANNOTATIONS).map(([name, value]) => ({
      name: asText(name) ?? '(blank name)',
      value: asText(value) ?? '',
      protected: known.get(name)?.visibility !== 'public',
      description: known.get(name)?.description ?? null,
    })),
    notShown: Math.max(0, entries.length - MAX_SHOWN_ANNOTATIONS),
  }
}
