import type { annotationsOf } from '../views/annotations.ts'
import { grouped } from '../views/json-value.ts'

/** The crash annotations that the viewer may see; protected ones are marked. */
export function AnnotationTable({ annotations }: { readonly annotations: ReturnType<typeof annotationsOf> }) {
  return (
    <>
      <table class="annotations" data-rows="">
        <caption class="visually-hidden">Crash annotations</caption>
        <thead>
          <tr>
            <th scope="col">Annotation</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {annotations.rows.map((row) => (
            <tr>
              <th scope="row">
                {row.description === null ? (
                  row.name
                ) : (
                  <a
                    href={`/documentation/datadictionary/dataset/annotation/field/${encodeURIComponent(row.name)}`}
                    title={row.description}
                  >
                    {row.name}
                  </a>
                )}
                {row.protected ? <span class="chip protected">protected</span> : null}
              </th>
              <td>{row.value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {annotations.notShown === 0 ? null : (
        <p>{`${grouped(annotations.notShown)} more annotations are in the raw JSON.`}</p>
      )}
    </>
  )
}
