import type { Permission } from '#shared/auth/permissions.ts'
import type { StoredToken } from '#shared/db/tokens.ts'
import { DEFAULT_TOKEN_DAYS, MAX_TOKEN_NOTE_CHARS, TOKEN_DAYS } from '#shared/limits.ts'
import { type ParameterErrors, PERMISSION_NAMES } from '../api/api-answer.ts'
import { document, Layout } from '../components/layout.tsx'
import { Moment } from '../components/moment.tsx'
import type { DashboardContext } from '../deps.ts'
import { shownText } from '../views/json-value.ts'

/** What the page of somebody's tokens shows. `created`: the token just made, which is never shown again. */
export interface TokensView {
  readonly tokens: readonly StoredToken[]
  readonly grantable: readonly Permission[]
  readonly nowMs: number
  readonly created?: string
  readonly errors?: ParameterErrors
}

/** `/api/tokens/` in a browser. */
export function tokensPage(context: DashboardContext, view: TokensView): Response | Promise<Response> {
  return context.html(
    document(
      <Layout title="API tokens" viewer={context.var.viewer} here="/api/tokens/">
        <h1>API tokens</h1>
        <p class="lede">
          Scripts send a token as <code>Auth-Token</code>. It may do what you give it and nothing else; without any
          permission it still raises the <a href="/api/">API</a>’s rate limit.
        </p>
        {view.created === undefined ? null : <CreatedToken token={view.created} />}
        <Problems errors={view.errors ?? {}} />
        <TokenTable {...view} />
        <NewToken grantable={view.grantable} />
      </Layout>,
    ),
  )
}

function CreatedToken({ token }: { readonly token: string }) {
  return (
    <section class="notice" role="status" aria-labelledby="created">
      <h2 id="created">Your new token</h2>
      <p>Copy it now: only its hash is stored, and it is never shown again. A click selects it whole.</p>
      <pre class="command">
        <code>{token}</code>
      </pre>
    </section>
  )
}

function Problems({ errors }: { readonly errors: ParameterErrors }) {
  const entries = Object.entries(errors)
  if (entries.length === 0) return null
  return (
    <div class="notice bad" role="alert">
      <ul>
        {entries.flatMap(([name, messages]) => messages.map((message) => <li>{shownText(`${name}: ${message}`)}</li>))}
      </ul>
    </div>
  )
}

function TokenTable({ tokens, nowMs }: TokensView) {
  if (tokens.length === 0) return <p class="empty">You have no tokens.</p>
  return (
    <section class="scroller" aria-label="Your tokens" tabindex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col">For</th>
            <th scope="col">May</th>
            <th scope="col">Created</th>
            <th scope="col">Ends</th>
            <th scope="col">
              <span class="visually-hidden">Changes</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <TokenRow token={token} isExpired={token.expiresAtMs <= nowMs} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

function TokenRow({ token, isExpired }: { readonly token: StoredToken; readonly isExpired: boolean }) {
  const action = `/api/tokens/token/${token.id}`
  return (
    <tr>
      <th scope="row">
        <code>{`${token.id}…`}</code>
      </th>
      <td>{shownText(token.note)}</td>
      <td>{token.permissions.map((permission) => PERMISSION_NAMES[permission]).join(', ') || 'read public data'}</td>
      <td>
        <Moment atMs={token.createdAtMs} inTable />
      </td>
      <td>
        <Moment atMs={token.expiresAtMs} inTable />
        {isExpired ? <span class="badge warn">ended</span> : null}
      </td>
      <td class="token-changes">
        <form action={`${action}/extend`} method="post">
          <button type="submit">Extend</button>
        </form>
        <form action={`${action}/delete`} method="post">
          <button type="submit">Delete</button>
        </form>
      </td>
    </tr>
  )
}

function NewToken({ grantable }: { readonly grantable: readonly Permission[] }) {
  return (
    <section aria-labelledby="new">
      <h2 id="new">New token</h2>
      <form class="token-form" action="/api/tokens/" method="post">
        <fieldset>
          <legend>It may</legend>
          {grantable.length === 0 ? <p class="quiet">You have no permissions to give: it reads public data.</p> : null}
          {grantable.map((permission) => (
            <label>
              <input type="checkbox" name="permissions" value={permission} />
              {` ${PERMISSION_NAMES[permission]} `}
              <code>{permission}</code>
            </label>
          ))}
        </fieldset>
        <p class="field">
          <label for="notes">What it is for</label>
          <input id="notes" name="notes" maxlength={MAX_TOKEN_NOTE_CHARS} />
        </p>
        <p class="field">
          <label for="expires">Days until it ends</label>
          <input
            id="expires"
            name="expires"
            type="number"
            min="1"
            max={String(TOKEN_DAYS)}
            value={String(DEFAULT_TOKEN_DAYS)}
          />
        </p>
        <button class="primary" type="submit">
          Create token
        </button>
      </form>
    </section>
  )
}
