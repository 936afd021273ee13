import { z } from 'zod'
import { MAX_API_BODY_BYTES } from '#shared/limits.ts'
import { cappedText } from '../capped-text.ts'
import { errorAnswer } from './api-answer.ts'

/** The fields of a request's body. `fields` is null where a request carries none by its verb. */
export type BodyRead =
  | { readonly kind: 'fields'; readonly fields: URLSearchParams | null }
  | { readonly kind: 'refused'; readonly answer: Response }

const jsonFieldSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])
const jsonBodySchema = z.record(z.string(), z.union([jsonFieldSchema, z.array(jsonFieldSchema)]))

/**
 * Reads the body of POST and PUT: both kinds of form, or a JSON object whose arrays are repeated fields. Files are no fields. All of
 * it is text, so nothing is lost when the body is read as text first.
 */
export async function readBody(request: Request): Promise<BodyRead> {
  if (request.method !== 'POST' && request.method !== 'PUT') return { kind: 'fields', fields: null }
  const body = await cappedText(request.body, MAX_API_BODY_BYTES)
  if (body.kind === 'too_large') {
    return refused(413, `The body is larger than ${MAX_API_BODY_BYTES} bytes: send it in parts.`)
  }
  const type = (request.headers.get('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  switch (type) {
    case 'application/json':
      return jsonFields(body.text)
    case 'application/x-www-form-urlencoded':
      return { kind: 'fields', fields: new URLSearchParams(body.text) }
    case 'multipart/form-data':
      return multipartFields(body.text, request.headers.get('Content-Type') ?? '')
    default:
      return refused(
        415,
        'Send a form, as application/x-www-form-urlencoded or multipart/form-data, or an object as application/json.',
      )
  }
}

function refused(status: number, error: string): BodyRead {
  return { kind: 'refused', answer: errorAnswer(status, error) }
}

function jsonFields(text: string): BodyRead {
  const parsed = jsonBodySchema.safeParse(parsedJson(text))
  if (!parsed.success) return refused(400, 'Bad request: the body is not a JSON object of texts and numbers')
  const fields = new URLSearchParams()
  for (const [name, value] of Object.entries(parsed.data)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== null) fields.append(name, String(one))
  }
  return { kind: 'fields', fields }
}

async function multipartFields(text: string, contentType: string): Promise<BodyRead> {
  try {
    const form = await new Response(text, { headers: { 'Content-Type': contentType } }).formData()
    const fields = new URLSearchParams()
    for (const [name, value] of form) if (typeof value === 'string') fields.append(name, value)
    return { kind: 'fields', fields }
  } catch {
    return refused(415, 'The multipart/form-data body is broken.')
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
