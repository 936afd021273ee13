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

/** One dump of the raw crash. */
export interface DumpRow {
  readonly name: string
  /** Of an attachment, its file name as sent; null of a minidump. */
  readonly fileName: string | null
}

/** The dumps of the raw crash, for viewers who may see its metadata; else just the main one. */
export function dumpsOf(rawCrash: unknown): readonly DumpRow[] {
  const { dump_checksums, attachments } = asRecord(asRecord(rawCrash).metadata)
  const names = Object.keys(asRecord(dump_checksums))
  if (names.length === 0) return [{ name: 'upload_file_minidump', fileName: null }]
  const fileNames = new Map(Object.entries(asRecord(attachments)))
  return names.map((name) => ({ name, fileName: asText(fileNames.get(name) ?? null) }))
}
