import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CRASH_ANNOTATIONS } from '../annotations.ts'
import { ANONYMOUS, type Viewer } from '../auth/permissions.ts'
import { parseCrashId } from '../crash-id.ts'
import { PROCESSED_KEYS } from '../processed-keys.ts'
import type { JsonValue } from '../raw-crash.ts'
import { redactProcessedCrash, redactRawCrash } from '../redact.ts'
import { scrubFreeText } from '../scrub.ts'
import { BUILT_IN_FIELDS } from '../search/fields.ts'
import type { RedactedJson } from '../store/crash-store.ts'
import { parseAnnotations } from './annotations-document.ts'
import { type AnnotationRegistry, annotationRegistry, BUILT_IN_REGISTRY } from './registry.ts'

const INVESTIGATOR: Viewer = { email: 'investigator@example.com', permissions: ['view_pii'] }
const CANARY = 'canary-7f3a'
const REASON = { permission: 'public', reason: 'decided in the review of 1 May', description: 'x' }

function registryOf(...annotations: readonly unknown[]): AnnotationRegistry {
  const parsed = parseAnnotations(JSON.stringify({ version: 1, annotations }))
  if (parsed.kind !== 'parsed') throw new Error(JSON.stringify(parsed.problems))
  return annotationRegistry(parsed.document)
}

const uuid = parseCrashId('0bba929f-8721-460c-8e70-a43c95261123')
async function json(redacted: RedactedJson): Promise<Record<string, unknown>> {
  return JSON.parse(await new Response(redacted).text())
}
function rawFor(registry: AnnotationRegistry, annotations: Record<string, JsonValue>, viewer: Viewer = ANONYMOUS) {
  if (uuid === null) throw new Error('bad id')
  const rawCrash = {
    annotations,
    uuid,
    submitted_timestamp: '2026-11-23T00:00:00+00:00',
    metadata: { collector_notes: [] },
  }
  return json(redactRawCrash(rawCrash, viewer, scrubFreeText, registry))
}
const processedFor = (registry: AnnotationRegistry, crash: object, viewer: Viewer = ANONYMOUS) =>
  json(redactProcessedCrash(crash, viewer, scrubFreeText, registry))

describe('a deployment’s annotations', () => {
  const registry = registryOf(
    { name: 'RenderBackend', type: 'string', ...REASON },
    { name: 'Level', type: 'string', ...REASON, free_text: true },
    { name: 'Scene', type: 'object', ...REASON },
    { name: 'PlayerName', type: 'string', permission: 'protected', description: 'x' },
  )

  it('are public in the raw crash where their entry says so; others stay protected', async () => {
    const sent = {
      RenderBackend: 'vulkan',
      Level: '/home/joe/x',
      Scene: { a: [1] },
      PlayerName: CANARY,
      Unlisted: CANARY,
    }
    expect(await rawFor(registry, sent)).toMatchObject({
      RenderBackend: 'vulkan',
      Level: '/home/<user>/x',
      Scene: { a: [1] },
    })
    const shown = await rawFor(registry, sent)
    expect(Object.keys(shown)).not.toContain('PlayerName')
    expect(Object.keys(shown)).not.toContain('Unlisted')
    expect(await rawFor(registry, sent, INVESTIGATOR)).toMatchObject(sent)
    expect(Object.keys(await rawFor(BUILT_IN_REGISTRY, sent)).toSorted()).toEqual([
      'submitted_timestamp',
      'uuid',
      'version',
    ])
  })

  it('are the same in the processed crash, under their key and of their type', async () => {
    const stored = {
      render_backend: 'vulkan',
      level: '/home/joe/x',
      scene: { a: [1, { b: 'c' }] },
      player_name: CANARY,
    }
    expect(await processedFor(registry, stored)).toEqual({
      render_backend: 'vulkan',
      level: '/home/<user>/x',
      scene: { a: [1, { b: 'c' }] },
    })
    expect(await processedFor(registry, { render_backend: { deep: CANARY }, level: 5 })).toEqual({})
    expect(await processedFor(BUILT_IN_REGISTRY, stored)).toEqual({})
  })

  it('are search fields with the permission of their entry', () => {
    const of = (name: string) => {
      const field = registry.fields.find(name)
      return field === null ? null : [field.type, field.permission, field.source]
    }
    expect(of('render_backend')).toEqual(['str', 'public', 'render_backend'])
    expect(of('player_name')).toEqual(['str', 'protected', 'player_name'])
    expect(of('scene')).toBeNull()
    expect(of('unlisted')).toBeNull()
    expect(registry.fields.fields.length).toBe(BUILT_IN_FIELDS.fields.length + 3)
  })

  it('have the operators that their entry leaves them', () => {
    const fields = registryOf(
      { name: 'Backend', type: 'string', ...REASON, operators: ['', '__null__'] },
      { name: 'Map', type: 'string', ...REASON, operators: ['=', '^'], analysed: true },
      { name: 'Fps', type: 'number', ...REASON },
      { name: 'Vsync', type: 'boolean', ...REASON },
      { name: 'Hidden', type: 'string', ...REASON, search: false },
    ).fields
    expect(fields.find('backend')).toMatchObject({ type: 'enum', operators: ['', '__null__'] })
    expect(fields.find('map')).toMatchObject({ type: 'str', analysed: true, operators: ['=', '^'] })
    expect(fields.find('fps')).toMatchObject({ type: 'float', operators: ['', '>=', '<=', '>', '<', '__null__'] })
    expect(fields.find('vsync')).toMatchObject({ type: 'bool' })
    expect(fields.find('hidden')).toBeNull()
  })

  it('never make public what is protected, whatever the document says', async () => {
    const protectedNames = CRASH_ANNOTATIONS.flatMap(({ name, visibility }) =>
      visibility === 'protected' ? [name] : [],
    )
    const protectedKeys = [
      ...PROCESSED_KEYS.flatMap(({ key, node }) => (node.visibility === 'protected' ? [key] : [])),
      ...CRASH_ANNOTATIONS.flatMap(({ copy }) => (copy?.visibility === 'protected' ? [copy.key] : [])),
    ]
    const raw = Object.fromEntries([...protectedNames, 'Email', 'Anything'].map((name) => [name, CANARY]))
    const processed = Object.fromEntries([...protectedKeys, 'anything'].map((key) => [key, CANARY]))
    const anyName = fc.oneof(
      fc.constantFrom(...protectedNames, 'metadata', 'json_dump', 'Harmless'),
      fc.string({ maxLength: 12 }),
    )
    const anyKey = fc.oneof(
      fc.constantFrom(...protectedKeys, 'harmless'),
      fc.string({ maxLength: 12 }),
      fc.constant(undefined),
    )
    const entry = fc.record({
      name: anyName,
      key: anyKey,
      type: fc.constantFrom('string', 'integer', 'number', 'boolean', 'object'),
    })
    let parsedDocuments = 0
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 3 }), async (entries) => {
        const parsed = parseAnnotations(
          JSON.stringify({ version: 1, annotations: entries.map((one) => ({ ...one, ...REASON })) }),
        )
        if (parsed.kind !== 'parsed') return
        parsedDocuments += 1
        const given = annotationRegistry(parsed.document)
        const named = new Set(entries.map(({ name }) => name))
        const sent = Object.fromEntries(
          Object.entries(raw).filter(([name]) => !named.has(name) || protectedNames.includes(name)),
        )
        expect(JSON.stringify(await rawFor(given, sent))).not.toContain(CANARY)
        const ownKeys = new Set(parsed.document.annotations.map(({ key }) => key))
        const stored = Object.fromEntries(
          Object.entries(processed).filter(([key]) => !ownKeys.has(key) || protectedKeys.includes(key)),
        )
        expect(JSON.stringify(await processedFor(given, stored))).not.toContain(CANARY)
        for (const field of BUILT_IN_FIELDS.fields) expect(given.fields.find(field.name)).toBe(field)
      }),
      { numRuns: 1_000 },
    )
    expect(parsedDocuments).toBeGreaterThan(50)
  })
})
