import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { type AnnotationSource, annotationSource } from '#shared/annotations/annotation-source.ts'
import { ANONYMOUS, type Viewer } from '#shared/auth/permissions.ts'
import { systemRandomBytes } from '#shared/clock.ts'
import { createCrashId } from '#shared/crash-id.ts'
import { CONFIG_REFRESH_MS } from '#shared/limits.ts'
import { NO_PRODUCTS } from '#shared/products/products.ts'
import { type JsonValue, type RawCrashMetadata, rawCrashJson } from '#shared/raw-crash.ts'
import { scrubFreeText } from '#shared/scrub.ts'
import type { SearchDocument } from '#shared/search/search-rpc.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { rawCrashKey } from '#shared/store/crash-keys.ts'
import type { CrashReading } from '#shared/store/crash-store.ts'
import { LargeCrashTurn } from './crash-memory.ts'
import { processCrash } from './process.ts'
import { readProcessed, readRaw } from './read-crash.ts'
import { RULESETS } from './rules/rulesets.ts'

const START_MS = Date.UTC(2026, 10, 23, 1, 2, 3)
const INVESTIGATOR: Viewer = { email: 'investigator@example.com', permissions: ['view_pii'] }
const REASON = { description: 'x', permission: 'public', reason: 'no person in it' }
const DOCUMENT = {
  version: 1,
  annotations: [
    { name: 'RenderBackend', type: 'string', ...REASON },
    { name: 'FrameMs', type: 'number', ...REASON },
    { name: 'Vsync', type: 'boolean', ...REASON },
    { name: 'SceneId', type: 'integer', ...REASON, key: 'scene' },
    { name: 'Save', type: 'object', ...REASON },
    { name: 'Log', type: 'string', ...REASON, free_text: true },
    { name: 'PlayerName', type: 'string', permission: 'protected', description: 'x' },
  ],
}
const SENT = {
  RenderBackend: 'vulkan',
  FrameMs: '16.6',
  Vsync: '1',
  SceneId: '42',
  Save: '{"slot":3}',
  Log: 'opened /home/joe/game.sav',
  PlayerName: 'joe',
  Unlisted: 'secret',
}

/** A processor whose isolate reads CONFIG by a clock that the test sets. */
function processor() {
  const state = { nowMs: START_MS }
  const log: string[] = []
  const clock = () => state.nowMs
  const annotations: AnnotationSource = annotationSource({
    config: env.CONFIG,
    stage: 'processor',
    keepsLastGood: true,
    clock,
    log: (_, outcome) => log.push(outcome),
  })
  const registry = async () => {
    const current = await annotations.current()
    if (current === null) throw new Error('CONFIG did not answer')
    return current
  }
  const texts = async (reading: CrashReading) =>
    reading.kind === 'found' ? new Response(reading.json).json() : reading
  return {
    state,
    log,
    /** A report as the collector saves it, processed; what each viewer may read of it, and its search document. */
    async report(sent: Record<string, JsonValue>, metadata: Partial<RawCrashMetadata> = {}) {
      const crashId = createCrashId(clock, systemRandomBytes)
      const raw = {
        annotations: { ProductName: 'WaterWolf', Version: '1.0', JavaStackTrace: 'a.B\n\tat c.D', ...sent },
        uuid: crashId,
        submitted_timestamp: '2026-11-23T01:02:03+00:00',
        metadata: { collector_notes: [], dump_checksums: {}, ...metadata },
      }
      await env.CRASHES.put(rawCrashKey(crashId), rawCrashJson(raw))
      const documents: SearchDocument[] = []
      const outcome = await processCrash(
        { crashId, ruleset: 'default', notBeforeMs: 0, acceptsMissingSymbols: false },
        {
          crashes: env.CRASHES,
          stackwalker: { walk: () => Promise.reject(new Error('no dump to walk')) },
          search: { index: async (indexed) => void documents.push(...indexed) },
          lists: defaultSignatureLists(),
          rulesets: RULESETS,
          products: NO_PRODUCTS,
          registry: await registry(),
          scrub: scrubFreeText,
          signed: () => {},
          largeCrashes: new LargeCrashTurn(clock),
          clock,
          log: () => {},
        },
      )
      expect(outcome).toEqual({ kind: 'processed' })
      const as = async (viewer: Viewer) => ({
        raw: await texts(await readRaw(env.CRASHES, crashId, viewer, scrubFreeText, await registry())),
        processed: await texts(await readProcessed(env.CRASHES, crashId, viewer, scrubFreeText, await registry())),
      })
      return {
        anonymous: await as(ANONYMOUS),
        investigator: await as(INVESTIGATOR),
        values: documents[0]?.values ?? {},
      }
    },
  }
}

beforeEach(async () => {
  for (const { key } of (await env.CONFIG.list()).objects) await env.CONFIG.delete(key)
})

describe('an annotation of annotations.json', () => {
  it('is in the raw crash, the processed crash and the index from the first report on, a minute later and without a deploy', async () => {
    const { state, report } = processor()
    const before = await report(SENT)
    expect(JSON.stringify([before.anonymous, before.values])).not.toMatch(/vulkan|16\.6|joe|secret/)
    expect(before.investigator.raw).toMatchObject(SENT)

    await env.CONFIG.put('annotations.json', JSON.stringify(DOCUMENT))
    state.nowMs += CONFIG_REFRESH_MS
    const { anonymous, investigator, values } = await report(SENT)
    expect(anonymous.raw).toMatchObject({
      RenderBackend: 'vulkan',
      FrameMs: '16.6',
      Save: '{"slot":3}',
      Log: 'opened /home/<user>/game.sav',
    })
    expect(anonymous.processed).toMatchObject({
      render_backend: 'vulkan',
      frame_ms: 16.6,
      vsync: true,
      scene: 42,
      save: { slot: 3 },
      log: 'opened /home/<user>/game.sav',
    })
    expect(JSON.stringify(anonymous)).not.toMatch(/joe|secret/)
    expect(investigator.processed).toMatchObject({ player_name: 'joe' })
    expect(values).toMatchObject({
      render_backend: 'vulkan',
      frame_ms: 16.6,
      vsync: true,
      scene: 42,
      log: 'opened /home/<user>/game.sav',
      player_name: 'joe',
    })
    expect(Object.keys(values)).not.toContain('save')
  })

  it('costs a note, not the crash, where a report has it of another type', async () => {
    await env.CONFIG.put('annotations.json', JSON.stringify(DOCUMENT))
    const { anonymous, values } = await processor().report({
      SceneId: 'x',
      FrameMs: 'fast',
      Vsync: 'perhaps',
      Save: '[',
    })
    expect(anonymous.processed).toMatchObject({
      processor_notes: expect.stringContaining('SceneId has a non-int value\n'),
      signature: expect.any(String),
    })
    expect(Object.keys(values).filter((name) => ['scene', 'frame_ms', 'vsync'].includes(name))).toEqual([])
  })

  it('is what it was while the document is wrong, and protected again when it is taken out', async () => {
    await env.CONFIG.put('annotations.json', JSON.stringify(DOCUMENT))
    const { state, log, report } = processor()
    await report(SENT)
    await env.CONFIG.put('annotations.json', JSON.stringify({ version: 1, annotations: [{ name: 'Comments' }] }))
    state.nowMs += CONFIG_REFRESH_MS
    const whileWrong = await report({ ...SENT, Comments: 'private' })
    expect(whileWrong.anonymous.processed).toMatchObject({ render_backend: 'vulkan' })
    expect(JSON.stringify(whileWrong.anonymous)).not.toContain('private')
    expect(log).toEqual(['annotations_malformed'])
    expect((await processor().report(SENT)).values.render_backend).toBe('vulkan')

    await env.CONFIG.put('annotations.json', JSON.stringify({ version: 1, annotations: [] }))
    state.nowMs += CONFIG_REFRESH_MS
    expect(JSON.stringify((await report(SENT)).anonymous)).not.toMatch(/vulkan/)
  })
})

describe('what the collector noted of sampling', () => {
  it('is in the processed crash and in the index', async () => {
    const metadata = {
      sample_weight: 10,
      throttle_rule: 'keep_a_tenth',
      fingerprint: '0123456789abcdef0123456789abcdef',
    }
    const { anonymous, values } = await processor().report({}, metadata)
    expect(anonymous.processed).toMatchObject(metadata)
    expect(values).toMatchObject(metadata)
  })

  it.each([{}, { sample_weight: 0, fingerprint: 'x' }, { sample_weight: Number.POSITIVE_INFINITY, fingerprint: '' }])(
    'is left out where it is none: %j',
    async (metadata) => {
      const { anonymous, values } = await processor().report({}, metadata)
      for (const name of ['sample_weight', 'fingerprint']) {
        expect(anonymous.processed).not.toHaveProperty(name)
        expect(values).not.toHaveProperty(name)
      }
    },
  )
})
