import { z } from 'zod'

/**
 * A rule of a product that leads from a path in its sym files to its repository on the web, such as `/builds/app/src/` to
 * `https://github.com/acme/app/blob/{revision}/{path}#L{line}`.
 */

/** Where the revision comes from: an annotation of the crash, the symbol upload, or a tag made of the version. */
const revisionSourceSchema = z.union([
  z.strictObject({ annotation: z.string().min(1).max(100) }),
  z.strictObject({ symbol_upload: z.literal(true) }),
  z.strictObject({
    tag: z
      .string()
      .max(200)
      .regex(/\{version\}/, 'a tag is made of {version}, such as v{version}'),
  }),
])
export type RevisionSource = z.infer<typeof revisionSourceSchema>

const PLACEHOLDERS: ReadonlySet<string> = new Set(['path', 'line', 'revision', 'version'])

const urlTemplateSchema = z
  .string()
  .max(500)
  .refine(isWebAddress, 'an address starts with https:// or http:// and names its host itself')
  .refine(
    (template) => [...template.matchAll(/\{([^}]*)\}/g)].every(([, name]) => PLACEHOLDERS.has(name ?? '')),
    'the placeholders are {path}, {line}, {revision} and {version}',
  )

/** One entry of `source_links` of the products document. `revision` is tried in its order. */
export const sourceRuleSchema = z
  .strictObject({
    prefix: z.string().max(500),
    url_template: urlTemplateSchema,
    revision: z.array(revisionSourceSchema).max(5).default([]),
  })
  .refine(
    ({ url_template, revision }) => revision.length > 0 || !url_template.includes('{revision}'),
    'a template with {revision} needs revision: [{"annotation": …}], [{"symbol_upload": true}] or [{"tag": "v{version}"}]',
  )
export type SourceRule = z.infer<typeof sourceRuleSchema>

/** Whether the host is there before any placeholder: what a crash says must not choose where a link leads. */
function isWebAddress(template: string): boolean {
  return /^https?:\/\/[^/{}?#]+\//.test(template) && URL.canParse(template)
}
