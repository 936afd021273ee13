import { z } from 'zod'
import { may, type Viewer } from '#shared/auth/permissions.ts'
import { API_REQUESTS_A_MINUTE } from '#shared/limits.ts'
import { PERMISSION_NAMES } from '../api/api-answer.ts'
import { isRequired, type Model } from '../api/model.ts'
import { MODELS } from '../api/models.ts'
import { document, Layout } from '../components/layout.tsx'
import { Told } from '../components/told.tsx'
import type { Answer } from '../deps.ts'

/** `/api/`: every service with its parameters and a form that asks it. Made from the list that the routes are made from. */
export const apiPage: Answer = (context) => {
  const { viewer } = context.var
  const { origin } = new URL(context.req.url)
  context.header('Cache-Control', 'private, no-store')
  return context.html(
    document(
      <Layout title="API" viewer={viewer} here="/api/">
        <h1>API</h1>
        <div class="lede">
          <p>
            Each service answers JSON under <code>{`${origin}/api/<name>/`}</code>, in the shapes of Crash Stats:{' '}
            <code>crashstats-tools</code> works with <code>{`--host=${origin}`}</code>. Public data needs nothing; for
            more, send an <a href="/api/tokens/">API token</a> as <code>Auth-Token</code>. An address may ask{' '}
            {API_REQUESTS_A_MINUTE.anonymous} times a minute, with any token {API_REQUESTS_A_MINUTE.authenticated}{' '}
            times.
          </p>
          <p>
            For programs: <a href="/api/openapi.json">OpenAPI 3.1</a>.
          </p>
        </div>
        <nav aria-label="Services">
          <ul class="services">
            {MODELS.map(({ name }) => (
              <li>
                <a href={`#${name}`}>{name}</a>
              </li>
            ))}
          </ul>
        </nav>
        {MODELS.map((model) => (
          <Service model={model} viewer={viewer} origin={origin} />
        ))}
      </Layout>,
    ),
  )
}

interface ServiceView {
  readonly model: Model
  readonly viewer: Viewer
  readonly origin: string
}

function Service({ model, viewer, origin }: ServiceView) {
  const { name, about, verbs, needs } = model
  return (
    <section class="card service" id={name} aria-labelledby={`${name}-name`}>
      <div class="section-heading">
        <h2 id={`${name}-name`}>{name}</h2>
        <div class="badges">
          {verbs.map((verb) => (
            <span class="badge info">{verb}</span>
          ))}
          {needs === null ? null : <span class="badge protected">{`needs ${PERMISSION_NAMES[needs]}`}</span>}
        </div>
      </div>
      <p>
        <Told text={about} />
      </p>
      {model.body === undefined ? <TryIt model={model} viewer={viewer} /> : null}
      <pre class="command">
        <code>{curlOf(model, origin)}</code>
      </pre>
    </section>
  )
}

/** A plain form: works without scripts, and the answer is what a script would get. */
function TryIt({ model, viewer }: Omit<ServiceView, 'origin'>) {
  const { name, verbs, needs, parameters } = model
  const shown = offeredParameters(model)
  const others = Object.keys(parameters).length - shown.length
  const isAllowed = needs === null || may(viewer, needs)
  return (
    <form class="try-it" action={`/api/${name}/`} method={verbs.includes('GET') ? 'get' : 'post'}>
      {shown.map(([parameter, schema]) => (
        <p class="field">
          <label for={`${name}.${parameter}`}>
            <code>{parameter}</code>
            {isRequired(schema) ? ' (required)' : ''}
          </label>
          <input
            id={`${name}.${parameter}`}
            name={parameter}
            value={isRequired(schema) || shown.length === 1 ? firstExample(schema) : ''}
            aria-describedby={`${name}.${parameter}.about`}
          />
          <span class="quiet" id={`${name}.${parameter}.about`}>
            <Told text={metaOf(schema).description} />
          </span>
        </p>
      ))}
      {others === 0 ? null : (
        <p class="quiet">
          {`${others} more parameters: `}
          <a href="/api/SuperSearchFields/">every search field</a> is one.
        </p>
      )}
      <p class="actions">
        <button type="submit" disabled={!isAllowed}>
          Try it
        </button>
        {isAllowed ? null : (
          <span class="quiet">{viewer.email === null ? 'Sign in, or use a token.' : 'You lack the permission.'}</span>
        )}
      </p>
    </form>
  )
}

function offeredParameters({ parameters, tried }: Model): readonly (readonly [string, unknown])[] {
  return Object.entries(parameters).filter(([name]) => tried === undefined || tried.includes(name))
}

const metaSchema = z.object({ description: z.string().default(''), examples: z.array(z.unknown()).default([]) })

function metaOf(schema: unknown) {
  return metaSchema.parse((schema instanceof z.ZodType ? schema.meta() : undefined) ?? {})
}

/** The first example's first value. */
function firstExample(schema: unknown): string {
  const [example] = metaOf(schema).examples
  const [first = ''] = Array.isArray(example) ? example : [example]
  return String(first)
}

/** One request as a shell command. URLSearchParams escapes quotes, so it is safe between them. */
function curlOf(model: Model, origin: string): string {
  const url = `${origin}/api/${model.name}/`
  const token = model.needs === null ? '' : `-H 'Auth-Token: <token>' `
  if (model.body !== undefined) {
    return `curl -s ${token}-H 'Content-Type: application/json' -d '{"jobs": [{}]}' '${url}'`
  }
  const examples = offeredParameters(model).filter(([, schema]) => firstExample(schema) !== '')
  const query = new URLSearchParams(examples.map(([name, schema]) => [name, firstExample(schema)])).toString()
  if (!model.verbs.includes('GET')) return `curl -s ${token}-d '${query}' '${url}'`
  return `curl -s ${token}'${url}${query === '' ? '' : '?'}${query}'`
}
