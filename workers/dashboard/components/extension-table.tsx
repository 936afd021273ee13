import type { Extension } from '../views/extensions.ts'

/** The add-ons of the product. Names and states come from protected data. */
export function ExtensionTable({ extensions }: { readonly extensions: readonly Extension[] }) {
  const named = extensions.some(({ name, state }) => name !== null || state !== null)
  return (
    <section class="scroller" aria-label="Extensions" tabindex={0}>
      <table class="extensions" data-rows="">
        <caption class="visually-hidden">Extensions</caption>
        <thead>
          <tr>
            <th scope="col">Id</th>
            <th scope="col">Version</th>
            {named ? (
              <>
                <th scope="col">
                  Name <span class="chip protected">protected</span>
                </th>
                <th scope="col">
                  State <span class="chip protected">protected</span>
                </th>
              </>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {extensions.map(({ id, version, name, state }) => (
            <tr>
              <th scope="row">
                <code>{id}</code>
              </th>
              <td>{version ?? ''}</td>
              {named ? (
                <>
                  <td>{name ?? ''}</td>
                  <td>{state ?? ''}</td>
                </>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
