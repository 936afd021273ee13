import { z } from 'zod'
import { sourceRuleSchema } from '../source-links/source-rule.ts'

/**
 * The products document (`products.json` in R2 CONFIG): what a deployment says of its products. A product that is not listed is still
 * accepted, searched and shown. `rules` switches on the processor rules that are of one product only (docs/processor-rules.md).
 */

const text = z.string().max(500)
const texts = z.array(text).max(1_000)
const channel = z.string().min(1).max(100)

/** A processor rule that only a product which asks for it gets. */
const productRuleSchema = z.discriminatedUnion('rule', [
  /** The version `Nightly 260101 …` of a mobile browser's nightly builds becomes `0.0a1`. */
  z.strictObject({ rule: z.literal('FenixVersionRewrite') }),
  /** Channel `esr`: `128.3.0` becomes `128.3.0esr`. */
  z.strictObject({ rule: z.literal('ESRVersionRewrite') }),
  /** On these channels `140.0` becomes the version of the build, such as `140.0b3`; an unknown build gives `140.0b0`. */
  z.strictObject({
    rule: z.literal('BetaVersion'),
    channels: z.array(channel).min(1).max(20),
    /** Channel → build id → version. */
    versions: z.record(channel, z.record(z.string().regex(/^\d{1,20}$/, 'a build id is digits'), text)).default({}),
  }),
  /** These add-ons get ` (default theme)` behind their id. */
  z.strictObject({ rule: z.literal('ThemePrettyName'), addon_ids: z.array(text.min(1)).min(1).max(20) }),
])
export type ProductRule = z.infer<typeof productRuleSchema>

const productSchema = z.strictObject({
  name: z.string().min(1).max(100),
  description: text.default(''),
  channels: z.array(channel).max(100).default([]),
  featured_versions: texts.default([]),
  end_of_life_versions: texts.default([]),
  strip_environment: z.boolean().default(false),
  client_id_annotation: z.string().max(100).nullable().default(null),
  bug_links: z
    .array(z.strictObject({ tracker: text, name: text, url_template: text }))
    .max(20)
    .default([]),
  source_links: z.array(sourceRuleSchema).max(100).default([]),
  rules: z.array(productRuleSchema).max(20).default([]),
})
export type Product = z.infer<typeof productSchema>

export const productsSchema = z.strictObject({
  version: z.literal(1),
  products: z
    .array(productSchema)
    .max(1_000)
    .refine(
      (products) => new Set(products.map(({ name }) => name)).size === products.length,
      'a product is named twice',
    ),
})
export type Products = z.infer<typeof productsSchema>

/** What reading a products document gives. `path` is where in the document the mistake is, such as `products.0.rules.1.channels`. */
export type ProductsParsing =
  | { readonly kind: 'parsed'; readonly products: Products }
  | { readonly kind: 'malformed'; readonly path: string; readonly problem: string }

/** Reads a products document. */
export function parseProducts(json: string): ProductsParsing {
  const parsed = productsSchema.safeParse(parsedJson(json))
  if (parsed.success) return { kind: 'parsed', products: parsed.data }
  const [issue] = parsed.error.issues
  return { kind: 'malformed', path: issue?.path.join('.') || '(document)', problem: issue?.message ?? 'unknown' }
}

/** Where a deployment says nothing: no product has rules of its own. */
export const NO_PRODUCTS: Products = { version: 1, products: [] }

/** A product's own rule of that name; null where it has none. */
export function productRule<Name extends ProductRule['rule']>(
  { products }: Products,
  product: unknown,
  name: Name,
): Extract<ProductRule, { rule: Name }> | null {
  const rules = products.find((listed) => listed.name === product)?.rules ?? []
  return rules.find((rule): rule is Extract<ProductRule, { rule: Name }> => rule.rule === name) ?? null
}

function parsedJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
