import { grouped } from '../views/json-value.ts'
import type { ModuleList, ModuleRow } from '../views/modules.ts'

const SYMBOLS_TEXT: Readonly<Record<ModuleRow['symbols'], string>> = {
  loaded: 'loaded',
  missing: 'missing',
  corrupt: 'corrupt',
  not_needed: 'not needed',
}

/** Modules of the process, as a wide table that scrolls by itself; what scrolls can be focused, so that keys scroll it too. */
export function ModuleTable({ modules, caption }: { readonly modules: ModuleList; readonly caption: string }) {
  const signed = modules.rows.some(({ signer }) => signer !== null)
  return (
    <section class="scroller" aria-label={caption} tabindex={0}>
      <table class="modules" data-rows="">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Module</th>
            <th scope="col">Symbols</th>
            <th scope="col">Version</th>
            <th scope="col">Debug file</th>
            <th scope="col">Debug id</th>
            <th scope="col">Code id</th>
            <th scope="col">Address range</th>
            {signed ? <th scope="col">Signed by</th> : null}
          </tr>
        </thead>
        <tbody>
          {modules.rows.map((module) => (
            <tr>
              <th scope="row">{module.filename}</th>
              <td>
                <SymbolsChip module={module} />
                {module.symbolUrl === null ? null : (
                  <>
                    {' '}
                    <a href={module.symbolUrl} rel="noreferrer">
                      sym file
                    </a>
                  </>
                )}
              </td>
              <td>{module.version ?? ''}</td>
              <td>{module.debugFile ?? ''}</td>
              <td class="code">{module.debugId ?? ''}</td>
              <td class="code">{module.codeId ?? ''}</td>
              <td class="code">{module.range ?? ''}</td>
              {signed ? <td>{module.signer ?? ''}</td> : null}
            </tr>
          ))}
        </tbody>
      </table>
      {modules.notShown === 0 ? null : <p>{`${grouped(modules.notShown)} more modules are in the raw JSON.`}</p>}
    </section>
  )
}

/** What became of a module's symbols, leading to what is known of them. */
function SymbolsChip({ module: { symbols, page } }: { readonly module: ModuleRow }) {
  const name = `chip symbols-${symbols}`
  return page === null ? (
    <span class={name}>{SYMBOLS_TEXT[symbols]}</span>
  ) : (
    <a class={name} href={page}>
      {SYMBOLS_TEXT[symbols]}
    </a>
  )
}
