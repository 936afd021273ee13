/**
 * Schemas that say, property by property, who may see a value. They are allow-lists: what a schema does not know, or knows with another
 * type, is not shown.
 */

/** `protected` needs the permission view_pii. */
export type Visibility = 'public' | 'protected'

/** The JSON types a value may have. Null is always allowed: any property of a stackwalk may be null. */
export type JsonType = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array'

/** One value's types and who may see it. A protected value hides all that is in it. */
export interface SchemaNode {
  readonly types: readonly JsonType[]
  readonly visibility: Visibility
  /** Text that a program or a person wrote: viewers who may not see protected values see it scrubbed. */
  readonly freeText?: true
  /** Of an object: its properties. */
  readonly properties?: Readonly<Record<string, SchemaNode>>
  /** Of an object: properties named by a pattern, where `properties` has none of that name. */
  readonly patternProperties?: { readonly pattern: RegExp; readonly node: SchemaNode }
  /** Of an array: its items. */
  readonly items?: SchemaNode
}

/** What is done with free text before it is shown. */
export type TextScrub = (text: string) => string

/** The public part of a JSON value, its free text scrubbed; undefined where nothing of it may be shown. */
export function publicPart(value: unknown, node: SchemaNode, scrub: TextScrub): unknown {
  if (node.visibility === 'protected') return undefined
  if (value === null) return null
  if (!node.types.some((type) => isOfType(value, type))) return undefined
  if (Array.isArray(value)) return publicItems(value, node, scrub)
  if (isObject(value)) return publicProperties(value, node, scrub)
  return node.freeText === true && typeof value === 'string' ? scrub(value) : value
}

function publicItems(items: readonly unknown[], { items: node }: SchemaNode, scrub: TextScrub): readonly unknown[] {
  if (node === undefined) return []
  return items.map((item) => publicPart(item, node, scrub)).filter((item) => item !== undefined)
}

function publicProperties(value: object, node: SchemaNode, scrub: TextScrub): object {
  const shown: Record<string, unknown> = Object.create(null)
  for (const [name, inner] of Object.entries(value)) {
    const innerNode = propertyNode(name, node)
    const part = innerNode === undefined ? undefined : publicPart(inner, innerNode, scrub)
    if (part !== undefined) shown[name] = part
  }
  return shown
}

/** Whether a JSON value has the types that its schema says. Properties that the schema does not know count for nothing. */
export function conforms(value: unknown, node: SchemaNode): boolean {
  if (value === null) return true
  if (node.types.length > 0 && !node.types.some((type) => isOfType(value, type))) return false
  if (Array.isArray(value)) return conformingItems(value, node)
  if (!isObject(value)) return true
  return Object.entries(value).every(([name, inner]) => {
    const innerNode = propertyNode(name, node)
    return innerNode === undefined || conforms(inner, innerNode)
  })
}

function conformingItems(items: readonly unknown[], { items: node }: SchemaNode): boolean {
  return node === undefined || items.every((item) => conforms(item, node))
}

function propertyNode(name: string, { properties, patternProperties }: SchemaNode): SchemaNode | undefined {
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name]
  return patternProperties?.pattern.test(name) === true ? patternProperties.node : undefined
}

function isOfType(value: unknown, type: JsonType): boolean {
  switch (type) {
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A public value of one of these types. */
export function shown(...types: readonly JsonType[]): SchemaNode {
  return { types, visibility: 'public' }
}

/** Public text that a program or a person wrote. */
export const SHOWN_FREE_TEXT: SchemaNode = { types: ['string'], visibility: 'public', freeText: true }

/** A value that only viewers with view_pii see, whatever its type. */
export const HIDDEN: SchemaNode = { types: [], visibility: 'protected' }

/** A public object with these properties. */
export function shownObject(properties: Readonly<Record<string, SchemaNode>>): SchemaNode {
  return { types: ['object'], visibility: 'public', properties }
}

/** A public array of such items. */
export function shownArray(items: SchemaNode): SchemaNode {
  return { types: ['array'], visibility: 'public', items }
}
