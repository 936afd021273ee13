import type { AnnotationRegistry } from '#shared/annotations/registry.ts'
import { may, type Viewer } from '#shared/auth/permissions.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { annotationsOf, dumpsOf } from '../views/annotations.ts'
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
  processed,
}: {
  readonly crashId: CrashId
  readonly viewer: Viewer
  readonly rawCrash: Json
  readonly processed?: boolean
}) {
  const query = (parameters: Record<string, string>) => new URLSearchParams({ crash_id: crashId, ...parameters })
  return (
    <section aria-labelledby="raw-data">
      <h2 id="raw-data">Raw data</h2>
      <ul class="raw-data">
        {processed === true ? (
          <li>
            <a href={`/api/ProcessedCrash/?${query({})}`}>Processed crash</a> (JSON)
          </li>
        ) : null}
        <li>
          <a href={`/api/RawCrash/?${query({})}`}>Raw crash</a> (JSON)
        </li>
        {may(viewer, 'view_rawdump')
          ? dumpsOf(rawCrash).map(({ name, fileName }) => (
              <li>
                <a href={`/api/RawCrash/?${query({ format: 'raw', name })}`}>{shownText(name)}</a>{' '}
                {fileName === null ? '(dump)' : `(attachment ${fileName})`}{' '}
                <span class="chip protected">protected</span>
              </li>
            ))
          : null}
      </ul>
    </section>
  )
}
