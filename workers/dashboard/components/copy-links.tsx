import { FORMAT_CONTROL } from '../list-answer.ts'
import { withSet } from '../views/search-parameters.ts'

/**
 * The list of a page for other places. The links are the lists themselves; the client script copies instead of opening them. `query`: the
 * API's parameters that come closest.
 */
export function CopyLinks({
  path,
  params,
  origin,
  query,
}: {
  readonly path: string
  readonly params: URLSearchParams
  readonly origin: string
  readonly query: URLSearchParams
}) {
  const listUrl = (format: string) => `${path}?${withSet(params, { [FORMAT_CONTROL]: format })}`
  const apiUrl = `${origin}/api/SuperSearch/?${query}`
  // URLSearchParams escapes quotes, so the address is safe between them in a shell.
  const curl = `curl -s '${apiUrl}'`
  return (
    <div class="copy-links">
      <a href={listUrl('markdown')} data-copy data-copy-default>
        Copy as Markdown
      </a>
      <a href={listUrl('json')} data-copy>
        Copy as JSON
      </a>
      <button type="button" hidden data-copy-text={curl} data-copy-what="curl command">
        Copy as curl
      </button>
      <details>
        <summary>API</summary>
        <p>
          <a href={apiUrl}>SuperSearch with this query</a>
        </p>
        <pre class="command">
          <code>{curl}</code>
        </pre>
      </details>
    </div>
  )
}
