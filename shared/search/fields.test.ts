import { describe, expect, it } from 'vitest'
import { CRASH_ANNOTATIONS } from '../annotations.ts'
import { PROCESSED_KEYS } from '../processed-keys.ts'
import { OWN_ROWS, PEER_ROWS } from './built-in-fields.ts'
import { BUILT_IN_FIELDS, type FieldType, OPERATORS, type SearchField } from './fields.ts'

const { fields, find } = BUILT_IN_FIELDS
const peers = fields.slice(0, PEER_ROWS.length)
const namesOf = (some: readonly SearchField[]) => some.map(({ name }) => name)
const countOf = (type: FieldType) => peers.filter((field) => field.type === type).length

describe('the built-in search fields', () => {
  it('are the peer’s 156, by type and by who may see them', () => {
    expect(
      Object.fromEntries(
        (['str', 'int', 'enum', 'bool', 'date', 'float'] as const).map((type) => [type, countOf(type)]),
      ),
    ).toEqual({
      str: 66,
      int: 44,
      enum: 26,
      bool: 18,
      date: 1,
      float: 1,
    })
    expect(peers.filter(({ permission }) => permission === 'public').length).toBe(139)
    expect(namesOf(peers.filter(({ permission }) => permission === 'protected')).toSorted()).toEqual([
      'collector_notes',
      'dumper_error',
      'glean_client_id',
      'gmp_library_path',
      'has_guard_page_access',
      'java_stack_trace_raw',
      'mac_boot_args',
      'moz_crash_reason_raw',
      'phc_alloc_stack',
      'phc_base_address',
      'phc_free_stack',
      'phc_kind',
      'phc_usable_size',
      'remote_type',
      'soft_errors',
      'url',
      'user_comments',
    ])
    expect(peers.filter(({ analysed, list }) => analysed && !list).length).toBe(46)
    expect(peers.filter(({ name }) => name.startsWith('android_')).length).toBe(12)
    expect(peers.filter(({ source }) => source.startsWith('memory_measures.')).length).toBe(16)
  })

  it('have ours behind them, all public', () => {
    const own = fields.slice(PEER_ROWS.length)
    expect(own.length).toBe(OWN_ROWS.length)
    expect(namesOf(own)).toEqual(
      expect.arrayContaining(['sample_weight', 'fingerprint', 'BuildID', 'signature_lineage']),
    )
    expect(own.filter(({ permission }) => permission === 'protected')).toEqual([])
  })

  it('are named once, and have a source that the processor writes and a description', () => {
    expect(new Set(namesOf(fields)).size).toBe(fields.length)
    const keys = new Set([
      ...PROCESSED_KEYS.map(({ key }) => key),
      ...CRASH_ANNOTATIONS.flatMap(({ copy }) => (copy === undefined ? [] : [copy.key])),
    ])
    expect(fields.filter(({ source }) => !keys.has(source.split('.')[0] ?? ''))).toEqual([])
    expect(fields.filter(({ description }) => description.length < 8)).toEqual([])
    expect(fields.filter(({ type, operators }) => operators !== OPERATORS[type])).toEqual([])
  })

  it('make every public annotation of the processed crash searchable, but objects', () => {
    const sources = new Set(fields.map(({ source }) => source))
    const missing = CRASH_ANNOTATIONS.filter(
      ({ copy, type }) => type !== 'object' && copy !== undefined && !sources.has(copy.key),
    )
    expect(missing.map(({ name }) => name)).toEqual([])
  })

  it('say where their name differs from the key', () => {
    expect(['date', 'build_id', 'platform', 'cpu_count'].map((name) => find(name)?.source)).toEqual([
      'date_processed',
      'build',
      'os_name',
      'json_dump.system_info.cpu_count',
    ])
    expect(
      ['app_init_dlls', 'missing_symbols', 'modules_in_stack', 'topmost_filenames', 'useragent_locale'].map(
        (name) => find(name)?.list,
      ),
    ).toEqual([true, true, true, true, true])
  })

  it('are found by name only', () => {
    for (const name of ['__proto__', 'constructor', 'toString', '', 'os_name', 'build']) expect(find(name)).toBeNull()
  })
})
