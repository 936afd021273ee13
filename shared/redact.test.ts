import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CRASH_ANNOTATIONS } from './annotations.ts'
import { ANONYMOUS, type Viewer } from './auth/permissions.ts'
import { type CrashId, parseCrashId } from './crash-id.ts'
import type { JsonType, SchemaNode } from './permission-schema.ts'
import { PROCESSED_CRASH_SCHEMA } from './processed-crash.ts'
import type { JsonValue, RawCrash } from './raw-crash.ts'
import { redactProcessedCrash, redactRawCrash } from './redact.ts'
import type { RedactedJson } from './store/crash-store.ts'

const INVESTIGATOR: Viewer = { email: 'investigator@example.com', permissions: ['view_pii'] }
const OTHER: Viewer = {
  email: 'other@example.com',
  permissions: ['view_rawdump', 'reprocess_crashes', 'upload_symbols'],
}
const CANARY = 'canary-7f3a'

function crashId(): CrashId {
  const id = parseCrashId('0bba929f-8721-460c-8e70-a43c95261123')
  if (id === null) throw new Error('bad id')
  return id
}

const text = (json: RedactedJson) => new Response(json).text()
const rawCrash = (annotations: Record<string, JsonValue>): RawCrash => ({
  annotations,
  uuid: crashId(),
  submitted_timestamp: '2026-11-23T00:00:00+00:00',
  metadata: { collector_notes: [], dump_checksums: { upload_file_minidump: 'abc' } },
})

describe('redactRawCrash', () => {
  it('shows everybody the public annotations and the id', async () => {
    const json = JSON.parse(
      await text(redactRawCrash(rawCrash({ ProductName: 'WaterWolf', Version: '1.0' }), ANONYMOUS)),
    )
    expect(json).toEqual({
      ProductName: 'WaterWolf',
      Version: '1.0',
      submitted_timestamp: '2026-11-23T00:00:00+00:00',
      uuid: crashId(),
      version: 2,
    })
  })

  it('shows viewers with view_pii all that is stored, the dump checksums too', async () => {
    const json = JSON.parse(await text(redactRawCrash(rawCrash({ Email: CANARY, Unlisted: 'x' }), INVESTIGATOR)))
    expect(json).toMatchObject({
      Email: CANARY,
      Unlisted: 'x',
      metadata: { dump_checksums: { upload_file_minidump: 'abc' } },
    })
  })

  it.each(CRASH_ANNOTATIONS.filter(({ visibility }) => visibility === 'protected').map(({ name }) => name))(
    'hides the protected annotation %s from everybody without view_pii',
    async (name) => {
      for (const viewer of [ANONYMOUS, OTHER]) {
        expect(await text(redactRawCrash(rawCrash({ [name]: CANARY }), viewer))).not.toContain(CANARY)
      }
    },
  )

  it('hides every unlisted annotation, whatever its name and value', async () => {
    const listed = new Set<string>(CRASH_ANNOTATIONS.map(({ name }) => name))
    await fc.assert(
      fc.asyncProperty(
        fc.string().filter((name) => !listed.has(name)),
        fc.jsonValue(),
        async (name, value) => {
          const holder = { [`x${name}`]: JSON.parse(JSON.stringify([CANARY, value])), [name]: CANARY }
          for (const own of ['uuid', 'submitted_timestamp', 'version', 'metadata']) delete holder[own]
          expect(await text(redactRawCrash(rawCrash(holder), ANONYMOUS))).not.toContain(CANARY)
        },
      ),
    )
  })

  it('hides a public annotation that holds a list or an object: nobody said who may see what is inside', async () => {
    for (const value of [[CANARY], { Version: CANARY }]) {
      expect(await text(redactRawCrash(rawCrash({ Version: value }), ANONYMOUS))).not.toContain(CANARY)
    }
  })
})

/** A value that holds canaries in every place that the schema does not show: protected, unknown, and of another type. */
function planted(node: SchemaNode): fc.Arbitrary<JsonValue> {
  const canary = fc.constantFrom<JsonValue>(CANARY, [CANARY], { [CANARY]: CANARY }, { a: [{ b: CANARY }] })
  if (node.visibility === 'protected') return canary
  const wrong = canary.filter((value) => !node.types.some((type) => type === kindOf(value)))
  const right = node.types.map((type) => ofType(type, node, canary))
  return fc.oneof({ weight: 8, arbitrary: fc.oneof(...right) }, { weight: 1, arbitrary: wrong })
}

function ofType(type: JsonType, node: SchemaNode, canary: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonValue> {
  switch (type) {
    case 'object': {
      const known = Object.entries(node.properties ?? {}).map(([key, inner]) => [key, planted(inner)])
      return fc
        .tuple(fc.record(Object.fromEntries(known), { requiredKeys: [] }), canary)
        .map(([value, unknown]): JsonValue => ({ ...value, [`unknown_${CANARY}`]: unknown }))
    }
    case 'array':
      return node.items === undefined ? fc.constant([]) : fc.array(planted(node.items), { maxLength: 2 })
    case 'string':
      return fc.constant('shown')
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer()
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
  }
}

function kindOf(value: JsonValue): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
}

describe('free text', () => {
  const PATH = 'open /home/joe/secret failed'
  const crash = {
    abort_message: PATH,
    url: PATH,
    json_dump: { crash_info: { assertion: PATH }, mac_crash_info: { num_records: 1, records: [{ message: PATH }] } },
  }

  it('is scrubbed for everybody without view_pii, also inside the stackwalk and the raw crash', async () => {
    const SCRUBBED = 'open /home/<user>/secret failed'
    expect(JSON.parse(await text(redactProcessedCrash(crash, ANONYMOUS)))).toEqual({
      abort_message: SCRUBBED,
      json_dump: {
        crash_info: { assertion: SCRUBBED },
        mac_crash_info: { num_records: 1, records: [{ message: SCRUBBED }] },
      },
    })
    expect(JSON.parse(await text(redactRawCrash(rawCrash({ AbortMessage: PATH }), ANONYMOUS)))).toMatchObject({
      AbortMessage: SCRUBBED,
    })
  })

  it('is shown as stored to viewers with view_pii, and to all where scrubbing is off', async () => {
    expect(await text(redactProcessedCrash(crash, INVESTIGATOR))).toBe(JSON.stringify(crash))
    expect(JSON.parse(await text(redactProcessedCrash(crash, ANONYMOUS, null)))).toMatchObject({ abort_message: PATH })
    expect(JSON.parse(await text(redactRawCrash(rawCrash({ Notes: PATH }), ANONYMOUS, null)))).toMatchObject({
      Notes: PATH,
    })
  })
})

describe('redactProcessedCrash', () => {
  it('shows nobody without view_pii what the schema does not list as public', async () => {
    await fc.assert(
      fc.asyncProperty(planted(PROCESSED_CRASH_SCHEMA), fc.constantFrom(ANONYMOUS, OTHER), async (crash, viewer) => {
        expect(await text(redactProcessedCrash(Object(crash), viewer))).not.toContain(CANARY)
      }),
      { numRuns: 500 },
    )
  })

  it('shows viewers with view_pii what is stored, also keys outside the schema', async () => {
    const stored = { uuid: crashId(), url: CANARY, some_key: { deep: CANARY } }
    expect(await text(redactProcessedCrash(stored, INVESTIGATOR))).toBe(JSON.stringify(stored))
    expect(await text(redactProcessedCrash(stored, { email: null, permissions: ['admin'] }))).toBe(
      JSON.stringify(stored),
    )
  })

  it.each(['null_chain', 'templates', 'heap_threads', 'panic_abort', 'jump_null'])(
    'shows everybody a real stackwalk whole, but for registers, handles and soft errors: %s',
    async (name) => {
      const bytes = gunzipSync(readFileSync(`test/fixtures/crashes/json/${name}.json.gz`))
      const jsonDump = JSON.parse(new TextDecoder().decode(bytes))
      const shown = JSON.parse(await text(redactProcessedCrash({ json_dump: jsonDump }, ANONYMOUS)))
      for (const thread of [...jsonDump.threads, jsonDump.crashing_thread]) {
        for (const frame of thread.frames) delete frame.registers
      }
      expect(jsonDump.handles.length).toBeGreaterThan(0)
      for (const hidden of ['handles', 'soft_errors', 'mac_boot_args']) delete jsonDump[hidden]
      expect(shown).toEqual({ json_dump: jsonDump })
    },
  )

  it('shows the stackwalk of another dump under its name, and nothing else under such a name', async () => {
    const stored = {
      upload_file_minidump_browser: {
        mdsw_status_string: 'OK',
        mdsw_stderr: CANARY,
        json_dump: { status: 'OK', handles: CANARY },
      },
      upload_file_minidump_x: CANARY,
      'upload_file_minidump_/..': { mdsw_status_string: CANARY },
      __proto__x: { json_dump: CANARY },
    }
    expect(JSON.parse(await text(redactProcessedCrash(stored, ANONYMOUS)))).toEqual({
      upload_file_minidump_browser: { mdsw_status_string: 'OK', json_dump: { status: 'OK' } },
    })
  })

  it('is not led astray by names of Object.prototype', async () => {
    const stored = `{"__proto__":"${CANARY}","constructor":"${CANARY}","json_dump":{"__proto__":{"status":"${CANARY}"},"toString":"${CANARY}"}}`
    expect(JSON.parse(await text(redactProcessedCrash(JSON.parse(stored), ANONYMOUS)))).toEqual({ json_dump: {} })
  })
})

describe('the table of crash annotations', () => {
  it('names no annotation and no processed key twice', () => {
    const names = CRASH_ANNOTATIONS.map(({ name }) => name)
    const keys = CRASH_ANNOTATIONS.flatMap(({ copy }) => (copy === undefined ? [] : [copy.key]))
    expect(new Set(names).size).toBe(names.length)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('copies no protected annotation to a public key, unless a schema of its own hides the protected part', () => {
    const exceptions = CRASH_ANNOTATIONS.filter(
      ({ visibility, copy }) => visibility === 'protected' && copy?.visibility === 'public',
    )
    expect(exceptions.map(({ name, copy }) => [name, copy?.node !== undefined])).toEqual([['JavaException', true]])
  })
})
