import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CRASH_ANNOTATIONS } from '../annotations.ts'
import { MAX_DEPLOYMENT_ANNOTATIONS } from '../limits.ts'
import { BUILT_IN_FIELDS } from '../search/fields.ts'
import { NO_ANNOTATIONS, parseAnnotations } from './annotations-document.ts'
import { processedKeyOf } from './processed-key.ts'

const ENTRY = {
  name: 'RenderBackend',
  type: 'string',
  description: 'What draws.',
  permission: 'public',
  reason: 'no person in it',
}
const documentOf = (...annotations: readonly unknown[]) => JSON.stringify({ version: 1, annotations })
const parse = (...annotations: readonly unknown[]) => parseAnnotations(documentOf(...annotations))

describe('the annotations document', () => {
  it('fills in what an entry leaves open', () => {
    expect(parse(ENTRY)).toEqual({
      kind: 'parsed',
      document: {
        version: 1,
        annotations: [{ ...ENTRY, key: 'render_backend', search: true, analysed: false, free_text: false }],
      },
    })
    expect(parseAnnotations('{"version":1,"annotations":[]}')).toEqual({ kind: 'parsed', document: NO_ANNOTATIONS })
  })

  it.each([
    ['a public entry without a reason', { reason: ' ' }, 'reason'],
    ['a type that there is not', { type: 'date' }, 'type'],
    ['a permission that there is not', { permission: 'secret' }, 'permission'],
    ['a property that there is not', { vizibility: 'public' }, ''],
    ['a name with a space', { name: 'Render Backend' }, 'name'],
    ['an endless name', { name: 'x'.repeat(101) }, 'name'],
    ['an empty description', { description: '' }, 'description'],
    ['a description of two lines', { description: 'a\nb' }, 'description'],
    ['a name that is built in', { name: 'ProductName' }, 'name'],
    ['a name that the collector writes', { name: 'metadata' }, 'name'],
    ['a name that the collector removes', { name: 'TelemetryClientId' }, 'name'],
    ['a key that is built in', { key: 'url' }, 'key'],
    ['a key that a rule writes', { key: 'json_dump' }, 'key'],
    ['a key that is a search field', { key: 'platform' }, 'key'],
    ['a name whose key is built in', { name: 'Sample-Weight' }, 'key'],
    ['a key that stands for another dump', { key: 'upload_file_minidump_browser' }, 'key'],
    ['a key like a control of the search', { key: '_facets' }, 'key'],
    ['a name of which no key can be made', { name: '123' }, 'key'],
    ['an object that is searched', { type: 'object', search: true }, 'search'],
    ['an operator of another type', { operators: ['>='] }, 'operators'],
    ['no operator at all', { operators: [] }, 'operators'],
    ['operators of what is not searched', { search: false, operators: ['='] }, 'operators'],
    ['a number that is analysed', { type: 'integer', analysed: true }, 'analysed'],
    ['a number that is free text', { type: 'integer', free_text: true }, 'free_text'],
  ])('does not have %s, and the problem says where', (_what, change, property) => {
    const path = property === '' ? 'annotations.1' : `annotations.1.${property}`
    const parsed = parse({ ...ENTRY, name: 'Other' }, { ...ENTRY, ...change })
    expect(parsed).toMatchObject({
      kind: 'malformed',
      problems: expect.arrayContaining([expect.objectContaining({ path })]),
    })
  })

  it('names the entry in every problem, and lists all problems', () => {
    const parsed = parse({ ...ENTRY, reason: '', type: 'x' }, { ...ENTRY, name: 'Second', reason: '' })
    if (parsed.kind !== 'malformed') throw new Error('not malformed')
    expect(parsed.problems.map(({ path, annotation }) => [path, annotation])).toEqual([
      ['annotations.0.type', 'RenderBackend'],
      ['annotations.1.reason', 'Second'],
    ])
  })

  it.each([
    ['{', '(document)'],
    ['null', '(document)'],
    ['{"version":2,"annotations":[]}', 'version'],
    ['{"version":1}', 'annotations'],
    [
      documentOf(
        ...Array.from({ length: MAX_DEPLOYMENT_ANNOTATIONS + 1 }, (_, at) => ({
          ...ENTRY,
          name: `A${at}`,
          key: `k${at}`,
        })),
      ),
      'annotations',
    ],
  ])('is refused as a whole: %.40s', (json, path) => {
    const parsed = parseAnnotations(json)
    expect(parsed.kind === 'malformed' ? parsed.problems[0]?.path : parsed.kind).toBe(path)
  })

  it('takes as many as the limit, and names and keys only once', () => {
    const many = Array.from({ length: MAX_DEPLOYMENT_ANNOTATIONS }, (_, at) => ({
      ...ENTRY,
      name: `A${at}`,
      key: `k${at}`,
    }))
    expect(parse(...many).kind).toBe('parsed')
    for (const [second, path] of [
      [{ ...ENTRY, key: 'other' }, 'annotations.1.name'],
      [{ ...ENTRY, name: 'Render_Backend' }, 'annotations.1.key'],
    ])
      expect(parse(ENTRY, second)).toMatchObject({ kind: 'malformed', problems: [{ path }] })
  })

  it('cannot be about a built-in annotation or key, whatever else an entry says', () => {
    const keys = [
      ...CRASH_ANNOTATIONS.flatMap(({ copy }) => (copy === undefined ? [] : [copy.key])),
      ...BUILT_IN_FIELDS.fields.map(({ name }) => name),
    ]
    const names = CRASH_ANNOTATIONS.flatMap(({ name, visibility }) =>
      visibility === 'protected' ? [name, name.toLowerCase(), name.toUpperCase()] : [name],
    )
    const rest = fc.record({
      type: fc.constantFrom('string', 'integer', 'object'),
      permission: fc.constantFrom('public', 'protected'),
      search: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.constantFrom(...names), rest, (name, more) => {
        expect(parse({ ...ENTRY, key: 'own_key', ...more, search: false, name }).kind).toBe('malformed')
      }),
      { numRuns: 500 },
    )
    fc.assert(
      fc.property(fc.constantFrom(...keys), rest, (key, more) => {
        expect(parse({ ...ENTRY, ...more, search: false, key }).kind).toBe('malformed')
      }),
      { numRuns: 500 },
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => documentOf(value)),
        ),
        (json) => {
          expect(['parsed', 'malformed']).toContain(parseAnnotations(json).kind)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('the key that is made of a name', () => {
  it.each([
    ['RenderBackend', 'render_backend'],
    ['GPUVendor', 'gpu_vendor'],
    ['VulkanAPIVersion2', 'vulkan_api_version2'],
    ['lsb-release', 'lsb_release'],
    ['_productName', 'product_name'],
    ['OS', 'os'],
    ['io.electron.app', 'io_electron_app'],
    ['__proto__', 'proto'],
    ['!!', null],
  ])('of %s is %s', (name, key) => {
    expect(processedKeyOf(name)).toBe(key)
  })
})
