import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { runCommandLine } from './program.ts'
import { ROOT } from './repository.ts'
import { readStackwalkReport, type StackwalkReport } from './stackwalk-report.ts'
import { type ShownThreads, stackwalkMarkdown, stackwalkText } from './stackwalk-text.ts'

function reference(name: string): Record<string, unknown> {
  return JSON.parse(gunzipSync(readFileSync(path.join(ROOT, `test/fixtures/crashes/json/${name}.json.gz`))).toString())
}

function reportOf(jsonDump: unknown): StackwalkReport {
  const report = readStackwalkReport(jsonDump)
  if (report === null) throw new Error('not a report')
  return report
}

const text = (jsonDump: unknown, threads: ShownThreads = 'crashing') =>
  stackwalkText({ dump: 'x.dmp', report: reportOf(jsonDump), signature: 'the | signature' }, threads, 'Upload them.')

describe('a report in text', () => {
  it('of stock JSON: what happened, the stack with its trusts and lines, and the modules without symbols', () => {
    expect(text(reference('null_chain'))).toBe(`Dump:        x.dmp
Signature:   the | signature
Reason:      SIGSEGV / SEGV_MAPERR
Address:     0x0000000000000000 (null pointer + 0x0)
Instruction: mov rax, qword [rdi]
Program:     null_chain
System:      Linux 6.18.44-fc-v669 #1 SMP PREEMPT_DYNAMIC @0, amd64

Thread 0 (null_chain), crashed, 8 frames
   0  read_value(Owner const&) [null_chain] at src/src/null_chain.cpp:8 (context)
   1  visit(Owner*, int) [null_chain] at src/src/null_chain.cpp:9 (cfi)
   2  main [null_chain] at src/src/null_chain.cpp:10 (cfi)
   3  __libc_init_first [libc.so.6] (cfi)
   4  __libc_start_main [libc.so.6] (cfi)
   5  _start [null_chain] (cfi)
   6  linux-vdso.so.1 + 0x1fff (scan, no symbols)
   7  <.plt.got ELF section in null_chain> [null_chain] (scan)

No symbols:
  linux-vdso.so.1 EAAA5BE985ECED34C5DF3654182DDF120
Upload them.`)
  })

  it('shows inlined calls innermost first, indented, above the frame that they were inlined into', () => {
    const rows = text(reference('templates')).split('\n')
    const first = rows.findIndex((row) => row.startsWith('Thread 0')) + 1
    expect(rows[first]).toBe(
      '        Rec<0>::go<long>(std::vector<Buffer<long>, std::allocator<Buffer<long> > >&)::{lambda(long)#1}::operator()(long) const at src/src/templates.cpp:13 (inline)',
    )
    expect(rows[first + 10]).toBe(
      '   0  Rec<4>::go<long>(std::vector<Buffer<long>, std::allocator<Buffer<long> > >&) [templates] at src/src/templates.cpp:12 (context)',
    )
  })

  it('shows the crashing thread alone, or first of all', () => {
    const threads = (shown: ShownThreads) =>
      [...text(reference('heap_threads'), shown).matchAll(/^Thread (\d+).*?(, crashed)?, \d+ frames?$/gm)].map(
        ([, index, crashed]) => `${index}${crashed ?? ''}`,
      )
    expect(threads('crashing')).toEqual(['4, crashed'])
    expect(threads('all')).toEqual(['4, crashed', '0', '1', '2', '3', '5', '6'])
  })

  it('says what is left out of a long stack, where a module was, and which sym file is corrupt', () => {
    const frame = (number: number, more: object) => ({
      frame: number,
      trust: 'scan',
      offset: '0x0000000000000010',
      ...more,
    })
    const jsonDump = {
      crash_info: {
        type: 'SIGSEGV',
        address: '0x0',
        crashing_thread: 0,
        adjusted_address: { kind: 'non-canonical', address: '0x4000000000000000' },
      },
      modules: [
        { filename: 'a.dll', debug_file: 'a.pdb', debug_id: 'AB1', corrupt_symbols: true, missing_symbols: false },
      ],
      threads: [
        {
          frame_count: 600,
          frames: [
            frame(0, { function: 'f', module: 'a.dll', file: 'hg:hg.example.com/central:dom/a.cpp:0f3c', line: 12 }),
            frame(599, {
              unloaded_modules: [{ module: 'gone.dll', offsets: ['0x0000000000000020'] }],
              missing_symbols: true,
            }),
          ],
        },
      ],
    }
    const shown = text(jsonDump)
    expect(shown).toContain('0x4000000000000000 (not canonical; the system said 0x0)')
    expect(shown).toContain(`Thread 0, crashed, 600 frames
   0  f [a.dll] at dom/a.cpp:12 (scan)
  …  598 frames left out
 599  @ 0x10 (scan, was gone.dll + 0x20)`)
    expect(shown).toContain('  a.dll a.pdb AB1 (corrupt sym file)')
  })

  it('reads what a dump leaves out, and nothing but a stackwalk', () => {
    expect(text({})).toContain('does not say which thread crashed')
    expect(text({ crash_info: null, threads: null, modules: null, system_info: null })).toContain('x.dmp')
    for (const other of [null, 1, 'x', [], { threads: 1 }]) expect(readStackwalkReport(other)).toBeNull()
  })

  it('spells out what would repaint the terminal', () => {
    const threads = [{ thread_name: 'a\u001b[2J\u202e', frames: [{ function: 'f\n\u0007', trust: 'cfi' }] }]
    const shown = text({ crash_info: { crashing_thread: 0 }, threads })
    expect(shown).toContain('(a\\u{1b}[2J\\u{202e})')
    expect(shown).toContain('f\\u{a}\\u{7} (cfi)')
  })
})

describe('a report in Markdown', () => {
  it('is text in a code block, and no name gets out of it', () => {
    const threads = [{ thread_name: '*x*', frames: [{ function: '```\n# out', trust: 'cfi' }] }]
    const report = reportOf({ crash_info: { crashing_thread: 0 }, threads })
    expect(stackwalkMarkdown({ dump: 'x.dmp', report, signature: 'a`b' }, 'crashing', '')).toBe(
      [
        '### ``a`b``',
        '- Dump: `x.dmp`\n- Signature: ``a`b``',
        '**Thread 0 (\\*x\\*), crashed, 1 frame**',
        '````text\n   0  ```\\u{a}# out (cfi)\n````',
      ].join('\n\n'),
    )
  })
})

describe('mayday stackwalk', () => {
  it.each([
    [[], 2, "missing required argument 'dumps'"],
    [['x.dmp', '--format', 'xml'], 2, 'Allowed choices are text, markdown, json'],
    [['x.dmp', '--threads', 'none'], 2, 'Allowed choices are crashing, all'],
    [['x.dmp', '--url', 'x', '--symbols', '.'], 2, 'not both'],
    [['x.dmp', '--url', 'nowhere'], 2, '--url must be'],
    [['x.dmp', '--symbols', '/nonexistent-folder'], 2, 'must be a folder'],
    [['x.dmp', '--lists', '/nonexistent-folder'], 1, 'Cannot read /nonexistent-folder'],
  ])('%j exits with %d and says why', async (args, code, said) => {
    const err: string[] = []
    const terminal = { out: () => {}, err: (line: string) => err.push(line), interactive: false }
    expect(await runCommandLine(['stackwalk', ...args], terminal)).toBe(code)
    expect(err.join('\n')).toContain(said)
  })
})
