import { describe, expect, it } from 'vitest'
import { MAX_BREADCRUMBS } from '#shared/limits.ts'
import { scrubFreeText } from '#shared/scrub.ts'
import { processedCrash, stack } from './rules-rig.ts'

describe('Breadcrumbs', () => {
  const crumbs = [{ timestamp: '2026-11-23T00:00:00Z', category: 'ui', message: 'secret', data: { a: 1 } }]

  it.each([JSON.stringify(crumbs), JSON.stringify({ values: crumbs })])('reads %s', (json) => {
    expect(processedCrash({ Breadcrumbs: json }).processed.breadcrumbs).toEqual(crumbs)
    expect(processedCrash({ Breadcrumbs: JSON.parse(json) }).processed.breadcrumbs).toEqual(crumbs)
  })

  it.each([
    ['{', 'not valid json'],
    ['['.repeat(100) + ']'.repeat(100), 'not valid json'],
    ['7', 'has the wrong type'],
    ['["secret"]', 'breadcrumb 0 has the wrong type'],
    ['[{"timestamp":1},{"timestamp":1,"level":["secret"]}]', 'level of breadcrumb 1 has the wrong type'],
    ['[{"message":"secret"}]', 'timestamp of breadcrumb 0 has the wrong type'],
    [JSON.stringify(Array(MAX_BREADCRUMBS + 1).fill({ timestamp: 1 })), `are more than ${MAX_BREADCRUMBS}`],
  ])('notes what is wrong with %.40s, and no value', (json, problem) => {
    const { processed, notes } = processedCrash({ Breadcrumbs: json })
    expect(notes).toContain(`Breadcrumbs: malformed: ${problem}`)
    expect(processed).not.toHaveProperty('breadcrumbs')
    expect(notes.join()).not.toContain('secret')
  })

  it('does not apply without the annotation', () => {
    for (const annotations of [{}, { Breadcrumbs: '' }, { Breadcrumbs: null }]) {
      expect(processedCrash(annotations).notes.join()).not.toContain('Breadcrumbs')
    }
  })
})

describe('ShutDownHangCrashingThread', () => {
  const walk = (name: string) => ({
    ...stack([]),
    crash_info: { crashing_thread: 1 },
    threads: [{ frames: [{ function: 'main_thread' }] }, { frames: [{ function: name }] }],
  })

  it('looks at the main thread of a shutdown hang', () => {
    const { processed } = processedCrash({}, walk('mozilla::(anonymous namespace)::RunWatchdog(void*)'))
    expect(processed).toMatchObject({
      crashing_thread: 0,
      signature: 'shutdownhang | main_thread',
      report_type: 'hang',
    })
  })

  it('does not apply to another crash', () => {
    expect(processedCrash({}, walk('f()')).processed.crashing_thread).toBe(1)
    expect(processedCrash({}).processed).not.toHaveProperty('crashing_thread')
  })
})

describe('PHC', () => {
  const sent = {
    PHCKind: 'FreedPage',
    PHCBaseAddress: '4096',
    PHCUsableSize: '32',
    PHCAllocStack: '1,2',
    PHCFreeStack: '3',
  }

  it('copies the allocation', () => {
    expect(processedCrash(sent).processed).toMatchObject({
      phc_kind: 'FreedPage',
      phc_base_address: '0x1000',
      phc_usable_size: 32,
      phc_alloc_stack: '1,2',
      phc_free_stack: '3',
    })
    expect(processedCrash({ ...sent, PHCBaseAddress: '18446744073709551615' }).processed.phc_base_address).toBe(
      `0x${'f'.repeat(16)}`,
    )
  })

  it('does not apply without a kind', () => {
    const { PHCKind, ...rest } = sent
    expect(processedCrash(rest).processed).not.toHaveProperty('phc_alloc_stack')
  })

  it('notes numbers that are none', () => {
    const { processed, notes } = processedCrash({ ...sent, PHCBaseAddress: '0xzz', PHCUsableSize: 'secret' })
    expect(notes).toEqual(
      expect.arrayContaining(['PHCBaseAddress has a non-int value', 'PHCUsableSize has a non-int value']),
    )
    expect(processed).not.toHaveProperty('phc_base_address')
    expect(notes.join()).not.toContain('secret')
  })
})

describe('OutOfMemoryBinary and MemoryReportExtraction', () => {
  const report = (path: string, amount: unknown, kind = 0, pid = 77) => ({
    process: `Main Process (pid ${pid})`,
    path,
    amount,
    kind,
  })
  const memoryReport = (reports: readonly unknown[]) => ({
    memoryReport: { kind: 'read' as const, report: { version: 1, hasMozMallocUsableSize: true, reports } },
  })

  it('sum the reports of the process that crashed', () => {
    const reports = [
      report('explicit/images/a', 10, 1),
      report('explicit/heap-overhead/x', 5, 0),
      report('explicit/window-objects/top(none)/detached/w', 7, 1),
      report('heap-allocated', 100, 2),
      report('resident', 1_000, 2),
      report('resident', 5, 2, 78),
      report('vsize', 'much', 2),
      report('js-main-runtime/zones', 3, 2),
      report('js-main-runtime/other', 4, 2),
      null,
    ]
    const { processed } = processedCrash({}, stack([], { pid: 77 }), memoryReport(reports))
    expect(processed.memory_measures).toEqual({
      explicit: 105,
      gfx_textures: 0,
      ghost_windows: 0,
      heap_allocated: 100,
      heap_overhead: 5,
      heap_unclassified: 83,
      host_object_urls: 0,
      images: 10,
      js_main_runtime: 7,
      private: 0,
      resident: 1_000,
      resident_unique: 0,
      system_heap_allocated: 0,
      top_none_detached: 7,
      vsize: 0,
      vsize_max_contiguous: 0,
    })
    expect(processed.memory_report).toMatchObject({ version: 1 })
  })

  it('note a report that says nothing of the process', () => {
    const { processed, notes } = processedCrash(
      {},
      stack([], { pid: 77 }),
      memoryReport([report('resident', 1, 2, 78)]),
    )
    expect(processed).not.toHaveProperty('memory_measures')
    expect(notes).toContain('MemoryReportExtraction: the memory report says nothing of the process')
  })

  it('do not apply without a process id, a report, or a report of the right form', () => {
    expect(processedCrash({}, stack([]), memoryReport([report('resident', 1)])).processed).not.toHaveProperty(
      'memory_measures',
    )
    expect(processedCrash({}, stack([], { pid: 77 })).processed).not.toHaveProperty('memory_report')
    const odd = { memoryReport: { kind: 'read' as const, report: { version: 1 } } }
    expect(processedCrash({}, stack([], { pid: 77 }), odd).processed).not.toHaveProperty('memory_measures')
  })

  it('note a report that could not be read', () => {
    const memory = { memoryReport: { kind: 'malformed' as const, problem: 'memory_report is not gzip' } }
    const { processed, notes } = processedCrash({}, undefined, memory)
    expect(processed.memory_report_error).toBe('memory_report is not gzip')
    expect(notes).toContain('memory_report is not gzip')
  })
})

describe('ScrubFreeText', () => {
  const sent = {
    AbortMessage: '###!!! ABORT: cannot open /home/canary/x',
    Notes: 'sent by canary@example.com',
    SafeMode: 'https://x.example/?canary',
    MozCrashReason: 'C:\\Users\\canary\\f',
    JavaException: JSON.stringify({
      exception: { values: [{ stacktrace: { type: 'E /home/canary/y', value: 'canary@example.com' } }] },
    }),
  }

  it('scrubs the signature, the keys and the notes', () => {
    const { processed } = processedCrash(sent, stack([{ function: 'f()' }]), { scrub: scrubFreeText })
    const { moz_crash_reason_raw, collector_metadata, ...rest } = processed
    expect(JSON.stringify(rest)).not.toContain('canary')
    expect(processed.abort_message).toBe('###!!! ABORT: cannot open /home/<user>/x')
    expect(processed.signature).toContain('/home/<user>/x')
    expect(processed.processor_notes).toContain('SafeMode has non-boolean value https://x.example/?<query>')
    expect(moz_crash_reason_raw).toBe('C:\\Users\\canary\\f')
  })

  it('does not apply where it is off', () => {
    const { processed } = processedCrash(sent, stack([{ function: 'f()' }]))
    expect(processed.abort_message).toBe(sent.AbortMessage)
    expect(processed.signature).toContain('/home/canary/x')
  })

  it('scrubs the notes of earlier processings', () => {
    const earlierJson = JSON.stringify({ processor_notes: 'a@canary.example', processor_history: ['/home/canary', 7] })
    const { processed } = processedCrash({}, undefined, { scrub: scrubFreeText, earlierJson })
    expect(processed.processor_history).toEqual(['<email>', '/home/<user>'])
  })
})
