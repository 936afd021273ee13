import { z } from 'zod'
import type { Permission } from '#shared/auth/permissions.ts'
import type { Answer, DashboardContext, DashboardDeps } from '../deps.ts'
import { badParametersAnswer, type ParameterErrors } from './api-answer.ts'
import { readBody } from './request-body.ts'

/** The verbs that services answer. HEAD comes with GET. */
export type Verb = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** The parameters of a service by name. An array takes all values of a repeated parameter, anything else the last one. */
export type Parameters = z.ZodRawShape

/** One service under `/api/<name>/`, as data: routing, the API page and the OpenAPI document read the same row. */
export interface Model {
  readonly name: string
  /** One sentence: what it is for. */
  readonly about: string
  readonly verbs: readonly Verb[]
  /** Asked for before the verb, as the peer does; null where everybody may ask. */
  readonly needs: Permission | null
  /** How long a browser may keep an answer that was given to everybody; 0: not at all. */
  readonly cacheSeconds: number
  readonly parameters: Parameters
  /** The parameters that the form on the API page offers, where there are too many for all. */
  readonly tried?: readonly string[]
  /** The body of a service that takes no form, by media type. */
  readonly body?: Readonly<Record<string, z.ZodType>>
  /** What a 200 holds, by media type. */
  readonly results: Readonly<Record<string, z.ZodType>>
  readonly answer: Answer
}

/** What a handler gets: each parameter checked, undefined where an optional one is not there. */
type Values<Shape extends Parameters> = z.output<z.ZodObject<Shape>>

type Handler<Shape extends Parameters> = (
  values: Values<Shape>,
  context: DashboardContext,
  deps: DashboardDeps,
) => Response | Promise<Response>

/**
 * The parameters of a service and its answer to good ones. They come from the address, and for POST and PUT from a form or JSON body. Parameters
 * that are not declared are dropped; bad ones are all named in one 400 (specs/webapp.md 2.1).
 */
export function answering<Shape extends Parameters>(
  parameters: Shape,
  handler: Handler<Shape>,
): Pick<Model, 'parameters' | 'answer'> {
  const schema = z.object(parameters)
  return {
    parameters,
    async answer(context, deps) {
      const body = await readBody(context.req.raw)
      if (body.kind === 'refused') return body.answer
      const read = readParameters(schema, body.fields ?? new URL(context.req.url).searchParams)
      return read.kind === 'bad' ? badParametersAnswer(read.errors) : handler(read.values, context, deps)
    },
  }
}

const REQUIRED = 'This field is required.'

/** Good values, or what is wrong with each parameter. */
type ParametersRead<Shape extends Parameters> =
  | { readonly kind: 'values'; readonly values: Values<Shape> }
  | { readonly kind: 'bad'; readonly errors: ParameterErrors }

/** Reads declared parameters. Blank ones count as not there, as in the peer's forms. */
export function readParameters<Shape extends Parameters>(
  schema: z.ZodObject<Shape>,
  fields: URLSearchParams,
): ParametersRead<Shape> {
  const names = Object.keys(schema.shape)
  const withNul = names.filter((name) => fields.getAll(name).some((value) => value.includes('\0')))
  if (withNul.length > 0) {
    const entries = withNul.map((name) => [name, ['Null characters are not allowed.']])
    return { kind: 'bad', errors: Object.fromEntries(entries) }
  }
  const given = names.map((name) => [name, givenValue(schema.shape[name], fields.getAll(name))])
  const parsed = schema.safeParse(Object.fromEntries(given), {
    error: ({ input }) => (input === undefined ? REQUIRED : undefined),
  })
  if (parsed.success) return { kind: 'values', values: parsed.data }
  const errors: Record<string, string[]> = {}
  for (const { path, message } of parsed.error.issues) {
    const name = String(path[0])
    errors[name] = [...(errors[name] ?? []), message]
  }
  return { kind: 'bad', errors }
}

function givenValue(schema: unknown, values: readonly string[]): string | readonly string[] | undefined {
  const filled = values.filter((value) => value.trim() !== '')
  if (isList(schema)) return filled.length === 0 ? undefined : filled
  const last = values.at(-1)?.trim() ?? ''
  return last === '' ? undefined : last
}

/** Whether a parameter takes all values of its name. */
export function isList(schema: unknown): boolean {
  return schema instanceof z.ZodArray || (schema instanceof z.ZodOptional && isList(schema.unwrap()))
}

/** Whether a request without the parameter is bad. */
export function isRequired(schema: unknown): boolean {
  return schema instanceof z.ZodType && !schema.safeParse(undefined).success
}
