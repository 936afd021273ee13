import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { dashboardRig } from '../dashboard-rig.ts'
import { isRequired } from './model.ts'
import { MODELS } from './models.ts'

/** The parts of OpenAPI 3.1 that our document uses, with all that the standard requires of them; anything else in it fails. */
const referenceSchema = z.strictObject({ $ref: z.string().regex(/^#\/components\/schemas\/\w+$/) })
const JSON_TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'] as const
const typeSchema = z.enum(JSON_TYPES)
const jsonSchema: z.ZodType = z.lazy(() =>
  z.union([
    referenceSchema,
    z.strictObject({
      type: z.union([typeSchema, z.array(typeSchema).min(1)]).optional(),
      description: z.string().optional(),
      format: z.string().optional(),
      pattern: z
        .string()
        .refine((pattern) => new RegExp(pattern, 'u') instanceof RegExp)
        .optional(),
      enum: z.array(z.unknown()).min(1).optional(),
      default: z.unknown().optional(),
      examples: z.array(z.unknown()).optional(),
      minimum: z.number().optional(),
      maximum: z.number().optional(),
      minLength: z.number().int().optional(),
      maxLength: z.number().int().optional(),
      minItems: z.number().int().optional(),
      maxItems: z.number().int().optional(),
      items: jsonSchema.optional(),
      not: jsonSchema.optional(),
      anyOf: z.array(jsonSchema).min(1).optional(),
      properties: z.record(z.string(), jsonSchema).optional(),
      required: z.array(z.string()).optional(),
      additionalProperties: z.union([z.boolean(), jsonSchema]).optional(),
      propertyNames: jsonSchema.optional(),
    }),
  ]),
)
const contentSchema = z.record(z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/), z.strictObject({ schema: jsonSchema }))
const operationSchema = z.strictObject({
  operationId: z.string().regex(/^\w+$/),
  summary: z.string().min(1),
  description: z.string().optional(),
  security: z.array(z.strictObject({ AuthToken: z.array(z.never()).optional() })).min(1),
  parameters: z
    .array(
      z.strictObject({
        name: z.string(),
        in: z.literal('query'),
        required: z.boolean(),
        description: z.string().optional(),
        schema: jsonSchema,
      }),
    )
    .optional(),
  requestBody: z.strictObject({ content: contentSchema, required: z.boolean() }).optional(),
  responses: z.record(
    z.string().regex(/^[1-5]\d\d$/),
    z.strictObject({
      description: z.string().min(1),
      headers: z.record(z.string(), z.strictObject({ description: z.string(), schema: jsonSchema })).optional(),
      content: contentSchema.optional(),
    }),
  ),
})
const documentSchema = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.strictObject({
    title: z.string(),
    version: z.string(),
    description: z.string(),
    license: z.strictObject({ name: z.string() }),
  }),
  servers: z.array(z.strictObject({ url: z.url() })).length(1),
  components: z.strictObject({
    schemas: z.record(z.string(), jsonSchema),
    parameters: z.strictObject({}).optional(),
    securitySchemes: z.record(
      z.string(),
      z.strictObject({ type: z.literal('apiKey'), in: z.literal('header'), name: z.string(), description: z.string() }),
    ),
  }),
  paths: z.record(
    z.string().regex(/^\/api\/\w+\/$/),
    z.strictObject({
      get: operationSchema.optional(),
      post: operationSchema.optional(),
      put: operationSchema.optional(),
      delete: operationSchema.optional(),
    }),
  ),
  webhooks: z.strictObject({}).optional(),
})

let rig: Awaited<ReturnType<typeof dashboardRig>>
let text: string
let document: z.infer<typeof documentSchema>
beforeAll(async () => {
  rig = await dashboardRig()
  text = await (await rig.fetch('/api/openapi.json')).text()
  document = documentSchema.parse(JSON.parse(text))
})

describe('/api/openapi.json', () => {
  it('is OpenAPI 3.1 of this server, and every reference in it leads somewhere', () => {
    expect(document.servers).toEqual([{ url: 'http://localhost:8787' }])
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name = '']) => name)
    expect(references.length).toBeGreaterThan(10)
    for (const name of references) expect(Object.keys(document.components.schemas)).toContain(name)
    const operations = Object.values(document.paths).flatMap((path) =>
      [path.get, path.post, path.put, path.delete].filter((told) => told !== undefined),
    )
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { parameters = [] } of operations) {
      const names = parameters.map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
    }
  })

  it('tells of exactly the services and verbs that are answered', () => {
    const told = Object.entries(document.paths).flatMap(([path, verbs]) =>
      Object.keys(verbs).map((verb) => `${verb.toUpperCase()} ${path}`),
    )
    const answered = MODELS.flatMap(({ name, verbs }) => verbs.map((verb) => `${verb} /api/${name}/`))
    expect(told.sort()).toEqual(answered.sort())
  })

  it.each(MODELS.filter(({ verbs }) => verbs.includes('GET')))(
    '$name: its parameters, required as they are',
    (model) => {
      const parameters = document.paths[`/api/${model.name}/`]?.get?.parameters ?? []
      const told = parameters.map(({ name, required }) => [name, required])
      const taken = Object.entries(model.parameters).map(([name, schema]) => [name, isRequired(schema)])
      expect(told.sort()).toEqual(taken.sort())
    },
  )

  it('tells which services need a token, and shows public search no protected field', () => {
    expect(document.paths['/api/BugLinks/']?.put?.security).toEqual([{ AuthToken: [] }])
    expect(document.paths['/api/NoOp/']?.get?.security).toEqual([{}, { AuthToken: [] }])
    const names = (path: string) => document.paths[path]?.get?.parameters?.map(({ name }) => name)
    expect(names('/api/SuperSearch/')).not.toContain('user_comments')
    expect(names('/api/SuperSearchUnredacted/')).toContain('user_comments')
  })

  it.each([
    ['/api/NoOp/?product=good', 200],
    ['/api/NoOp/', 400],
    ['/api/BugLinks/?bug_id=1', 403],
    ['/api/MissingProcessedCrash/', 200],
    ['/api/Bugs/?signatures=x', 200],
    ['/api/VersionString/?product=a&channel=b&build_id=1', 200],
    ['/api/SuperSearch/', 200],
    ['/api/SuperSearchFields/', 200],
  ])('is true: what %s answers has the form that it tells', async (path, status) => {
    const response = await rig.json(path)
    expect(response.status).toBe(status)
    const name = /^\/api\/(\w+)\//.exec(path)?.[1]
    const results = MODELS.find((model) => model.name === name)?.results['application/json']
    if (status === 200) expect(results?.safeParse(response.body)).toMatchObject({ success: true })
    else expect(response.body).toMatchObject({ error: expect.any(String) })
  })
})
