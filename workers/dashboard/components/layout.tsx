import { html } from 'hono/html'
import type { Child } from 'hono/jsx'
import { may, type Viewer } from '#shared/auth/permissions.ts'
import { CLIENT_SCRIPT, FAVICON, STYLE_SHEET } from '../asset-files.ts'
import { ShortcutHelp } from './shortcut-help.tsx'

/** What every page says about itself. */
export interface PageFrame {
  readonly title: string
  readonly viewer: Viewer
  /** Path and query of this page: where sign-in comes back to. */
  readonly here: string
  readonly children: Child
  /** What the search box shows. */
  readonly sought?: string
}

/** The frame of every page: skip link, header with search, main, footer. */
export function Layout({ title, viewer, here, sought, children }: PageFrame) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · Mayday`}</title>
        <link rel="icon" type="image/svg+xml" href={FAVICON.path} />
        <link rel="stylesheet" href={STYLE_SHEET.path} />
        <script type="module" src={CLIENT_SCRIPT.path} />
      </head>
      <body>
        <a class="skip-link" href="#main">
          Skip to content
        </a>
        <header class="site-header">
          <a class="wordmark" href="/" data-go="h">
            <img src={FAVICON.path} alt="" width="22" height="22" />
            Mayday
          </a>
          <search class="quick-search">
            <form action="/search/quick/" method="get">
              <label class="visually-hidden" for="quick">
                Crash id, signature, bug or debug id
              </label>
              <input
                id="quick"
                name="query"
                type="search"
                value={sought ?? ''}
                placeholder="Crash id, signature, bug, debug id"
              />
              <button type="submit">Go</button>
            </form>
          </search>
          <nav aria-label="Main">
            <a href="/topcrashers/" data-go="t">
              Top crashers
            </a>
            <a href="/search/" data-go="s">
              Search
            </a>
            <a href="/api/">API</a>
            <ViewerMenu viewer={viewer} here={here} />
          </nav>
        </header>
        <main id="main" tabindex={-1}>
          {children}
        </main>
        <footer class="site-footer">
          <span>Mayday crash reports</span>
          <a href="/documentation/datadictionary/">Data dictionary</a>
          <a href="/symbols/">Missing symbols</a>
          {may(viewer, 'admin') ? <a href="/access-log">Access log</a> : null}
          <a href="#shortcuts">Keyboard shortcuts</a>
          <span>All times are UTC</span>
        </footer>
        <ShortcutHelp />
      </body>
    </html>
  )
}

function ViewerMenu({ viewer, here }: { readonly viewer: Viewer; readonly here: string }) {
  if (viewer.email === null) return <a href={`/signin?${new URLSearchParams({ next: here })}`}>Sign in</a>
  return (
    <form class="sign-out" action="/signout" method="post">
      <a class="viewer-email" href="/api/tokens/" title="Your API tokens">
        {viewer.email}
      </a>
      <button type="submit">Sign out</button>
    </form>
  )
}

/** The whole document of a page. */
export function document(page: ReturnType<typeof Layout>) {
  return html`<!DOCTYPE html>${page}`
}
