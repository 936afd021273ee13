import type { Child } from 'hono/jsx'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ANONYMOUS } from '#shared/auth/permissions.ts'
import { document, Layout } from '../components/layout.tsx'
import type { DashboardContext } from '../deps.ts'

/** A page that says what went wrong and what to do. It names nothing of the inside. */
export function errorPage(
  context: DashboardContext,
  status: ContentfulStatusCode,
  heading: string,
  paragraphs: readonly Child[],
): Response | Promise<Response> {
  const { pathname, search } = new URL(context.req.url)
  return context.html(
    document(
      <Layout title={heading} viewer={context.get('viewer') ?? ANONYMOUS} here={`${pathname}${search}`}>
        <div class="message">
          <p class="eyebrow">{`Error ${status}`}</p>
          <h1>{heading}</h1>
          {paragraphs.map((paragraph) => (
            <p>{paragraph}</p>
          ))}
          <p>
            <a href="/">Latest crashes</a> · <a href="/search/">Search</a>
          </p>
        </div>
      </Layout>,
    ),
    status,
  )
}
