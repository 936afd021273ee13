import { OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { PERMISSION_NAMES } from './api-answer.ts'
import { isRequired, type Model, type Verb } from './model.ts'
import { MODELS } from './models.ts'

type Document = ReturnType<OpenAPIHono['getOpenAPI31Document']>

const errorSchema = z
  .object({
    error: z.string(),
    errors: z
      .record(z.string(), z.array(z.string()))
      .optional()
      .meta({ description: 'What is wrong with each parameter; with 400 only.' }),
  })
  .meta({ id: 'Error' })

/** Made once an isolate: the list of services does not change. */
const held = new Map<string, Document>()

/** The OpenAPI 3.1 document of `/api/`, made from the same list as the routes. `origin`: the server's, such as `https://crashes.example.com`. */
export function openApiDocument(origin: string, version: string): Document {
  const known = held.get(origin)
  if (known !== undefined) return known
  const app = new OpenAPIHono()
  const token = {
    type: 'apiKey',
    in: 'header',
    name: 'Auth-Token',
    description: 'An API token of /api/tokens/.',
  } as const
  app.openAPIRegistry.registerComponent('securitySchemes', 'AuthToken', token)
  for (const model of MODELS) for (const verb of model.verbs) app.openAPIRegistry.registerPath(operation(model, verb))
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Mayday',
      version,
      description:
        'Crash reports: search, raw and processed crashes, signatures, bugs. Requests a minute and address: 100, or 1,000 with a token of any permissions.',
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: origin }],
  })
  // An origin is what the request names: a stranger's Host headers must not fill the isolate.
  held.clear()
  held.set(origin, document)
  return document
}

function operation({ name, about, needs, parameters, body, results }: Model, verb: Verb) {
  const inBody = verb === 'POST' || verb === 'PUT'
  const hasParameters = Object.keys(parameters).length > 0
  const isNeeded = Object.values(parameters).some(isRequired)
  return {
    method: METHODS[verb],
    path: `/api/${name}/`,
    operationId: `${METHODS[verb]}${name}`,
    summary: about,
    ...(needs === null ? {} : { description: `Needs the permission ${needs} (${PERMISSION_NAMES[needs]}).` }),
    security: needs === null ? [{}, { AuthToken: [] }] : [{ AuthToken: [] }],
    request: {
      ...(hasParameters && !inBody ? { query: z.object(parameters) } : {}),
      ...(inBody && hasParameters ? { body: { content: formContent(parameters), required: isNeeded } } : {}),
      ...(body === undefined ? {} : { body: { content: contentOf(body), required: true } }),
    },
    responses: {
      200: { description: 'What was asked for.', content: contentOf(results) },
      400: errorResponse('A parameter is missing or bad.'),
      403: errorResponse('The token is refused, or lacks the permission.'),
      404: errorResponse('There is no such thing.'),
      429: {
        ...errorResponse('Too many requests.'),
        headers: { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' as const } } },
      },
      503: errorResponse('A part of Mayday does not answer; ask again after Retry-After.'),
    },
  }
}

const METHODS = { GET: 'get', POST: 'post', PUT: 'put', DELETE: 'delete' } as const

function formContent(parameters: Model['parameters']) {
  return { 'application/x-www-form-urlencoded': { schema: z.object(parameters) } }
}

function contentOf(schemas: Readonly<Record<string, z.ZodType>>) {
  return Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, { schema }]))
}

function errorResponse(description: string) {
  return { description, content: { 'application/json': { schema: errorSchema } } }
}
