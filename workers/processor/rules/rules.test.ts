import { describe, expect, it } from 'vitest'
import { MAX_FRAMES_A_THREAD } from '#shared/limits.ts'
import type { JsonValue } from '#shared/raw-crash.ts'
import { list, record } from './rule.ts'
import { processedCrash, SUBMITTED, stack } from './rules-rig.ts'
import { RULESETS } from './rulesets.ts'

const SUBMITTED_SECONDS = Math.trunc(Date.parse(SUBMITTED) / 1000)

describe('the default ruleset', () => {
  it('has the 50 rules of the peer in its order, and two of ours: sampling, and scrubbing before the signature', () => {
    expect(RULESETS.default.map(({ name }) => name)).toEqual([
      ...[
        'DeNull',
        'DeNone',
        'CrashReportKeys',
        'CollectorMetadata',
        'Sampling',
        'ConvertModuleSignatureInfo',
        'CopyFromRawCrash',
      ],
      ...['FenixVersionRewrite', 'ESRVersionRewrite', 'SubmittedFrom', 'Identifier', 'MinidumpSha256Hash'],
      ...['MinidumpStackwalk', 'ModuleURLRewrite', 'CrashingThreadInfo', 'TruncateStacks', 'PossibleBitFlips'],
      ...['CrashInconsistencies', 'HasGuardPageAccess', 'MajorVersion', 'Plugin', 'ProcessType', 'Accessibility'],
      ...['Addons', 'DatesAndTimes', 'OutOfMemoryBinary', 'PHC', 'Breadcrumbs', 'JavaStackTrace', 'MacBootArgs'],
      ...['MacCrashInfo', 'MozCrashReason', 'UtilityActorsName', 'ReportType', 'CPUInfo', 'AndroidCPUInfo'],
      ...[
        'DistributionId',
        'OSInfo',
        'AndroidOSInfo',
        'PlatformInfo',
        'BetaVersion',
        'OSPrettyVersion',
        'TopMostFiles',
      ],
      ...['ModulesInStack', 'MissingSymbols', 'ThemePrettyName', 'MemoryReportExtraction', 'SoftErrors', 'ThreadCount'],
      ...['ScrubFreeText', 'SignatureGenerator', 'ShutDownHangCrashingThread'],
    ])
  })
})

describe('the rules about annotations', () => {
  it('drop NUL characters and nulls', () => {
    const { processed } = processedCrash({ 'Product\0Name': 'Water\0Wolf', Vendor: null })
    expect(processed).toMatchObject({ product: 'WaterWolf', crash_report_keys: ['ProductName'] })
    expect(processed).not.toHaveProperty('vendor')
  })

  it('list the plain names of annotations, and note that others were there', () => {
    const { processed, notes } = processedCrash({ b: '1', a: '2', 'no spaces': 'x', ['y'.repeat(101)]: 'x' })
    expect(processed.crash_report_keys).toEqual(['a', 'b', 'y'.repeat(100)])
    expect(notes).toContain('invalidkeys: Crash report contains invalid keys')
    expect(processedCrash({ a: '1' }).notes.join()).not.toContain('invalidkeys')
  })

  it.each<[string, JsonValue, string, unknown]>([
    ['SafeMode', '1', 'safe_mode', true],
    ['SafeMode', 'FALSE', 'safe_mode', false],
    ['SafeMode', true, 'safe_mode', true],
    ['OOMAllocationSize', ' +1_000 ', 'oom_allocation_size', 1000],
    ['OOMAllocationSize', 12, 'oom_allocation_size', 12],
    ['UptimeTS', '1.5e2', 'uptime_ts', 150],
    ['Notes', 'text \n', 'app_notes', 'text'],
    ['Marionette', '1', 'marionette', true],
  ])('copy %s %j as %s %j', (name, value, key, copied) => {
    expect(processedCrash({ [name]: value }).processed[key]).toBe(copied)
  })

  it.each([
    ['SafeMode', 'maybe', 'safe_mode', 'SafeMode has non-boolean value maybe'],
    ['OOMAllocationSize', '1.5', 'oom_allocation_size', 'OOMAllocationSize has a non-int value'],
    ['UptimeTS', 'soon', 'uptime_ts', 'UptimeTS has a non-float value'],
    ['UptimeTS', ' ', 'uptime_ts', 'UptimeTS has a non-float value'],
  ])('do not copy %s %j, and note it', (name, value, key, note) => {
    const { processed, notes } = processedCrash({ [name]: value })
    expect(processed).not.toHaveProperty(key)
    expect(notes).toContain(note)
  })

  it('know the default of what is absent', () => {
    expect(processedCrash({}).processed).toMatchObject({
      marionette: false,
      remote_agent: false,
      submitted_from: 'Unknown',
    })
    expect(processedCrash({}).processed).not.toHaveProperty('safe_mode')
  })

  it('are not led astray by names of Object.prototype', () => {
    const annotations = JSON.parse('{"__proto__":"x","constructor":"y","toString":"z"}')
    expect(processedCrash(annotations).processed.crash_report_keys).toEqual(['__proto__', 'constructor', 'toString'])
  })
})

describe('the rules about the product and its times', () => {
  it.each([
    ['139.0.1', 139],
    ['2', 2],
    ['Nightly 1', 0],
    ['', 0],
    ['1e3.0', 0],
  ])('read the major version of %j as %i', (version, major) => {
    expect(processedCrash({ Version: version }).processed.major_version).toBe(major)
  })

  it.each([
    [undefined, 'parent'],
    ['main', 'parent'],
    ['content', 'content'],
  ])('call the process type %j %s', (type, expected) => {
    expect(processedCrash(type === undefined ? {} : { ProcessType: type }).processed.process_type).toBe(expected)
  })

  it('compute ages from the client’s own clock', () => {
    const times = {
      CrashTime: '1795136400999',
      StartupTime: '1795136390',
      InstallTime: '1795130000',
      SecondsSinceLastCrash: '77',
    }
    expect(processedCrash(times).processed).toMatchObject({
      crash_time: 1795136400,
      client_crash_date: new Date(1795136400_000).toISOString().replace('.000Z', '+00:00'),
      startup_time: 1795136390,
      uptime: 10,
      install_age: 6400,
      last_crash: 77,
      date_processed: SUBMITTED,
    })
  })

  it('take the time of submission where the client has none, and say so', () => {
    const { processed, notes } = processedCrash({})
    expect(processed).toMatchObject({ crash_time: SUBMITTED_SECONDS, uptime: 0, install_age: 0, last_crash: null })
    expect(notes).toEqual(
      expect.arrayContaining(['WARNING: raw_crash missing CrashTime', 'client_crash_date is unknown']),
    )
  })

  it('bound what a wrong clock says', () => {
    const { processed, notes } = processedCrash({
      CrashTime: 'now',
      StartupTime: '9999999999',
      SecondsSinceLastCrash: '99999999999999999999',
    })
    expect(processed).toMatchObject({ crash_time: 0, uptime: 0, last_crash: null })
    expect(notes).toEqual(
      expect.arrayContaining(['non-integer value of CrashTime', 'non-integer value of SecondsSinceLastCrash']),
    )
  })
})

describe('the rules about the cause', () => {
  it.each([
    ['MOZ_RELEASE_ASSERT(a)', 'MOZ_RELEASE_ASSERT(a)'],
    ['Failed to load module "file:///home/name/x.js"', 'sanitized--see moz_crash_reason_raw'],
    ['byte index 3 is not a char boundary of secret', 'sanitized--see moz_crash_reason_raw'],
    ['do not use eval with system privileges: code', 'sanitized--see moz_crash_reason_raw'],
  ])('sanitise the crash reason %j', (raw, shown) => {
    expect(processedCrash({ MozCrashReason: raw }).processed).toMatchObject({
      moz_crash_reason: shown,
      moz_crash_reason_raw: raw,
    })
  })

  it('do not take text that is no Java stack trace apart', () => {
    const { processed, notes } = processedCrash({ JavaStackTrace: 'secret' })
    expect(processed.java_stack_trace).toBe('malformed')
    expect(notes).toContain('JavaStackTrace: malformed JavaStackTrace')
  })

  it('tell a hang from a crash', () => {
    expect(processedCrash({}).processed.report_type).toBe('crash')
    expect(processedCrash({ AsyncShutdownTimeout: '{}' }).processed.report_type).toBe('hang')
    expect(processedCrash({}, stack([{ function: '(anonymous namespace)::RunWatchdog' }])).processed.report_type).toBe(
      'hang',
    )
  })
})

describe('the rules about the stackwalk', () => {
  it.each([
    [
      { address: '0x0000000000000010', adjusted_address: { kind: 'null-pointer', offset: '0x10' } },
      '0x0000000000000000',
    ],
    [{ address: '0x00000010', adjusted_address: { kind: 'null-pointer', offset: '0x10' } }, '0x00000000'],
    [
      { address: '0x0', adjusted_address: { kind: 'non-canonical', address: '0x4000000000000000' } },
      '0x4000000000000000',
    ],
    [{ address: '0x7f00', adjusted_address: null }, '0x7f00'],
  ])('take the better address of %j', (info, address) => {
    expect(processedCrash({}, stack([], { crash_info: { crashing_thread: 0, ...info } })).processed.address).toBe(
      address,
    )
  })

  it('note that no thread crashed', () => {
    const { processed, notes } = processedCrash({}, stack([], { crash_info: {} }))
    expect(processed).toMatchObject({ crashing_thread: null, reason: '' })
    expect(notes).toContain('mdsw did not identify the crashing thread')
  })

  it.each([
    [MAX_FRAMES_A_THREAD, MAX_FRAMES_A_THREAD, null],
    [MAX_FRAMES_A_THREAD + 1, MAX_FRAMES_A_THREAD, '2 frames truncated'],
    [12_345, MAX_FRAMES_A_THREAD, '11,846 frames truncated'],
  ])('keep both ends of a stack of %i frames', (count, kept, marker) => {
    const frames = Array.from({ length: count }, (_, frame) => ({ frame, function: `f${frame}` }))
    const { processed, notes } = processedCrash({}, stack(frames))
    const thread = record(list(record(processed.json_dump).threads)[0])
    const shown = list(thread.frames)
    expect(shown).toHaveLength(kept)
    expect(shown[249]).toMatchObject({ frame: 249 })
    expect(shown.at(-1)).toMatchObject({ frame: count - 1 })
    expect(thread.truncated ?? null).toBe(marker === null ? null : true)
    expect(record(shown[250])).toEqual(
      marker === null ? { frame: 250, function: 'f250' } : { truncated: { msg: marker } },
    )
    expect(notes.some((note) => note.startsWith('TruncateStacks'))).toBe(marker !== null)
  })

  it('count the frames that the stackwalker left out itself', () => {
    const frames = Array.from({ length: 500 }, (_, frame) => ({ frame }))
    const { processed } = processedCrash({}, stack([], { threads: [{ frames, frame_count: 349_186 }] }))
    const shown = list(record(list(record(processed.json_dump).threads)[0]).frames)
    expect(shown).toHaveLength(500)
    expect(shown[250]).toEqual({ truncated: { msg: '348,687 frames truncated' } })
  })

  it('rate bit flips by the best candidate', () => {
    const info = { crashing_thread: 0, possible_bit_flips: [{ confidence: 0.4375 }, { confidence: 0.979 }, {}] }
    expect(processedCrash({}, stack([], { crash_info: info })).processed.possible_bit_flips_max_confidence).toBe(97)
    expect(processedCrash({}, stack([])).processed).not.toHaveProperty('possible_bit_flips_max_confidence')
  })

  it('mark an access to a guard page, and never its absence', () => {
    const info = (isGuardPage: boolean) => ({
      crash_info: { memory_accesses: [{ is_likely_guard_page: isGuardPage }] },
    })
    expect(processedCrash({}, stack([], info(true))).processed.has_guard_page_access).toBe(true)
    expect(processedCrash({}, stack([], info(false))).processed).not.toHaveProperty('has_guard_page_access')
  })

  it('name the modules of the crashing stack, and those without symbols', () => {
    const modules = [
      { filename: 'b lib.so', debug_id: 'AB-12', missing_symbols: true, version: '1/2', code_id: 'c0de' },
      { filename: 'app', debug_id: 'FF', missing_symbols: false },
      { filename: 'unused', missing_symbols: true },
    ]
    const { processed } = processedCrash(
      {},
      stack([{ module: 'b lib.so' }, { module: 'app' }, { module: 'app' }], { modules }),
    )
    expect(processed.modules_in_stack).toBe('app/FF;blib.so/AB12')
    expect(processed.missing_symbols).toBe(`b lib.so/1\\/2/AB-12/c0de;unused/None/${'0'.repeat(33)}`)
  })

  it('find the first file, inlines before their frame', () => {
    const frames = [{ file: null }, { inlines: [{ file: 'inline.h' }], file: 'outer.cpp' }]
    expect(processedCrash({}, stack(frames)).processed.topmost_filenames).toBe('inline.h')
  })
})

describe('the rules about the computer', () => {
  it.each([
    ['Windows NT', '10.0.19045', 'Windows 10'],
    ['Windows NT', '10.0.22631.4169', 'Windows 11'],
    ['Windows NT', '10.0.9999', 'Windows 10'],
    ['Windows NT', '6.1.7601 Service Pack 1', 'Windows 7'],
    ['Windows NT', '99.0', 'Windows Unknown'],
    ['Windows NT', '', 'Windows NT'],
    ['Mac OS X', '14.4.1 23E224', 'macOS 14'],
    ['Mac OS X', '10.15.7', 'OS X 10.15'],
    ['Mac OS X', '9.2', 'OS X Unknown'],
    ['Linux', '6.1', 'Linux'],
    ['Android', '34', 'Android 34'],
  ])('name %s %s %s', (os, version, pretty) => {
    const { processed } = processedCrash({}, stack([], { system_info: { os, os_ver: version } }))
    expect(processed.os_pretty_version).toBe(pretty)
  })

  it('know nothing without a stackwalk', () => {
    expect(processedCrash({}).processed).toMatchObject({
      os_name: 'Unknown',
      os_version: '',
      cpu_arch: 'unknown',
      cpu_info: 'unknown',
      cpu_count: 0,
    })
  })

  it('name the distribution of Linux by the dump, else by the annotation', () => {
    const linux = { system_info: { os: 'Linux', os_ver: '6.1' } }
    const annotation = { LinuxLSBDescription: 'Fedora 40' }
    expect(processedCrash(annotation, stack([], linux)).processed.os_pretty_version).toBe('Fedora 40')
    const both = stack([], { ...linux, lsb_release: { description: 'Debian 12' } })
    expect(processedCrash(annotation, both).processed.os_pretty_version).toBe('Debian 12')
  })
})

describe('a stackwalk of any form', () => {
  it('never stops the rules', () => {
    for (const odd of [null, 1, 'x', [], {}, [null], [[]], { frames: null }]) {
      const dump = {
        crash_info: odd,
        threads: odd,
        crashing_thread: odd,
        modules: odd,
        system_info: odd,
        lsb_release: odd,
        thread_count: odd,
      }
      const { processed, notes } = processedCrash({}, dump)
      expect(processed.success).toBe(true)
      expect(notes.filter((note) => note.includes('failed:') && note.startsWith('ruleset'))).toEqual([])
    }
  })
})
