import type { AnnotationRegistry } from '#shared/annotations/registry.ts'
import { may, type Viewer } from '#shared/auth/permissions.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { annotationsOf } from '../views/annotations.ts'
import { type DumpFile, dumpFiles } from '../views/dumps.ts'
import { grouped, shownText } from '../views/json-value.ts'
import { AnnotationTable } from './annotation-table.tsx'

type Json = Readonly<Record<string, unknown>>

/** The crash annotations of a raw crash, under their heading; nothing when the viewer may see none. */
export function Annotations({
  rawCrash,
  registry,
}: {
  readonly rawCrash: Json
  readonly registry: AnnotationRegistry
}) {
  const annotations = annotationsOf(rawCrash, registry)
  if (annotations.rows.length === 0) return null
  return (
    <section aria-labelledby="annotations">
      <h2 id="annotations">{`Crash annotations (${grouped(annotations.rows.length + annotations.notShown)})`}</h2>
      <AnnotationTable annotations={annotations} />
    </section>
  )
}

/** Links to everything that is stored of a crash and that the viewer may have. */
export function RawData({
  crashId,
  viewer,
  rawCrash,
  crash = null,
}: {
  readonly crashId: CrashId
  readonly viewer: Viewer
  readonly rawCrash: Json
  /** Null: it was never processed, or is too large for a page (then `processed`). */
  readonly crash?: Json | 'too_large' | null
}) {
  const query = (parameters: Record<string, string>) => new URLSearchParams({ crash_id: crashId, ...parameters })
  const files = dumpFiles(rawCrash, crash === null || crash === 'too_large' ? {} : crash)
  return (
    <section aria-labelledby="raw-data">
      <h2 id="raw-data">Raw data</h2>
      <ul class="raw-data">
        {crash === null ? null : (
          <li>
            <a href={`/api/ProcessedCrash/?${query({})}`}>Processed crash</a> (JSON)
          </li>
        )}
        <li>
          <a href={`/api/RawCrash/?${query({})}`}>Raw crash</a> (JSON)
        </li>
        {may(viewer, 'view_rawdump')
          ? files.map((file) => (
              <li>
                <a href={`/api/RawCrash/?${query({ format: 'raw', name: file.name })}`}>{shownText(file.name)}</a>
                {` (${file.kind === 'minidump' ? 'dump' : ['attachment', file.fileName].filter((word) => word !== null).join(' ')}) `}
                <span class="chip protected">protected</span>
                <FileFacts file={file} />
              </li>
            ))
          : null}
      </ul>
      {may(viewer, 'view_rawdump') ? null : (
        <p class="quiet">Minidumps and attachments are for viewers with the permission view_rawdump.</p>
      )}
    </section>
  )
}

function FileFacts({ file: { status, checksum } }: { readonly file: DumpFile }) {
  if (status === null && checksum === null) return null
  return (
    <span class="quiet">
      {status === null ? null : ` stackwalk: ${status}`}
      {checksum === null ? null : (
        <>
          {' SHA-256 '}
          <code>{checksum}</code>
        </>
      )}
    </span>
  )
}
