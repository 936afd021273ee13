import { describe, expect, it } from 'vitest'
import { crashingThread, crashingThreadIndex, type FrameRow, frameRows, otherThreads } from './frames.ts'

const kinds = (rows: readonly FrameRow[]) => rows.map((row) => row.kind)

describe('frameRows', () => {
  it('lists inline functions first, innermost on top, then the frame that holds them', () => {
    const rows = frameRows(
      {
        frames: [
          {
            frame: 0,
            function: 'outer()',
            file: 'a.cpp',
            line: 12,
            module: 'app',
            trust: 'context',
            inlines: [
              { function: 'innermost()', file: 'c.h', line: 3 },
              { function: 'middle()', file: 'b.h', line: 7 },
            ],
          },
          { frame: 1, function: 'main', module: 'app', trust: 'cfi', inlines: null },
        ],
      },
      3,
    )
    expect(rows.map((row) => (row.kind === 'truncated' ? row.text : row.function))).toEqual([
      'innermost()',
      'middle()',
      'outer()',
      'main',
    ])
    expect(kinds(rows)).toEqual(['inline', 'inline', 'frame', 'frame'])
    expect(rows.map((row) => (row.kind === 'truncated' ? null : row.anchor))).toEqual([
      't3f0i0',
      't3f0i1',
      't3f0',
      't3f1',
    ])
    expect(rows[0]).toMatchObject({
      number: 0,
      module: 'app',
      source: { path: 'c.h', file: 'c.h', line: 3, href: null },
    })
    expect(rows[2]).toMatchObject({ trust: { name: 'context', confidence: 'sure' }, missingSymbols: false })
  })

  it('names a frame without a function by module and offset, and one without a module by its address', () => {
    const rows = frameRows(
      {
        frames: [
          { module: 'libc.so.6', module_offset: '0x000000000008aeec', missing_symbols: true },
          { offset: '0x0000000000000000', missing_symbols: true },
          {},
        ],
      },
      0,
    )
    expect(rows.map((row) => (row.kind === 'frame' ? [row.function, row.named, row.missingSymbols] : null))).toEqual([
      ['libc.so.6 + 0x8aeec', false, true],
      ['@ 0x0', false, false],
      ['@ unknown address', false, false],
    ])
  })

  it("shows the processor's truncated row and keeps the true frame numbers after it", () => {
    const rows = frameRows(
      {
        frames: [
          { frame: 0, function: 'a' },
          { truncated: { msg: '1,234 frames truncated' } },
          { frame: 1235, function: 'b' },
        ],
      },
      0,
    )
    expect(kinds(rows)).toEqual(['frame', 'truncated', 'frame'])
    expect(rows[1]).toEqual({ kind: 'truncated', text: '1,234 frames truncated' })
    expect(rows[2]).toMatchObject({ anchor: 't0f1235', number: 1235 })
  })

  it('cuts at the given number of rows and says how many are missing', () => {
    const rows = frameRows({ frames: Array.from({ length: 30 }, (_, frame) => ({ frame })) }, 0, 10)
    expect(rows).toHaveLength(11)
    expect(rows.at(-1)).toMatchObject({ kind: 'truncated', text: expect.stringContaining('20 more rows') })
  })

  it('lists the unloaded modules that were at the address', () => {
    const rows = frameRows(
      {
        frames: [
          { unloaded_modules: [{ module: 'gone.dll', offsets: ['0x0000000000000010', '0x20'] }, { module: 7 }, null] },
        ],
      },
      0,
    )
    expect(rows[0]).toMatchObject({ unloadedModules: ['gone.dll @ 0x10, 0x20', '7'] })
  })

  it.each([
    undefined,
    null,
    'x',
    [],
    {},
    { frames: 'x' },
    {
      frames: [
        null,
        1,
        'x',
        [],
        { inlines: 'x' },
        { inlines: [null, 5], line: {}, file: [], trust: 9, frame: 'seven' },
      ],
    },
  ])('renders %j without throwing', (thread) => {
    expect(() => frameRows(thread, 0)).not.toThrow()
  })
})

describe('source of a frame', () => {
  const sourceOfFile = (file: string) => {
    const row = frameRows({ frames: [{ file, line: 5 }] }, 0)[0]
    return row?.kind === 'frame' ? row.source : null
  }

  it('links a revision of a public repository', () => {
    expect(sourceOfFile('git:github.com/rust-lang/rust:library/std/src/panic.rs:9fc6b431')).toMatchObject({
      path: 'library/std/src/panic.rs',
      line: 5,
      href: 'https://github.com/rust-lang/rust/blob/9fc6b431/library/std/src/panic.rs#L5',
    })
    expect(sourceOfFile('hg:hg.mozilla.org/mozilla-central:xpcom/nsDebug.cpp:5a7b')?.href).toBe(
      'https://hg.mozilla.org/mozilla-central/file/5a7b/xpcom/nsDebug.cpp#l5',
    )
  })

  it("links Rust's standard library at the compiler's commit", () => {
    const commit = '59807616e1fa2540724bfbac14d7976d7e4a3860'
    expect(sourceOfFile(`/rustc/${commit}/library/std/src/rt.rs`)).toEqual({
      path: `/rustc/${commit}/library/std/src/rt.rs`,
      file: `/rustc/${commit}/library/std/src/rt.rs`,
      line: 5,
      href: `https://github.com/rust-lang/rust/blob/${commit}/library/std/src/rt.rs#L5`,
    })
  })

  it('never makes a link of anything else', () => {
    for (const file of ['javascript:alert(1)', 'https://evil.example/x', 'git:evil.example/a:b:c1', 'src/a.cpp']) {
      expect(sourceOfFile(file)?.href).toBeNull()
    }
    expect(sourceOfFile('git:github.com/a/b:"><img src=x>:c1')?.href).toBe(
      'https://github.com/a/b/blob/c1/%22%3E%3Cimg%20src%3Dx%3E#L5',
    )
  })
})

describe('threads of a crash', () => {
  const crash = {
    crashing_thread: 1,
    json_dump: {
      crashing_thread: { threads_index: 1, frames: [{ function: 'copy' }] },
      threads: [
        { thread_name: 'main', frame_count: 1, frames: [{ function: 'poll' }] },
        { thread_name: 'worker', frame_count: 900, frames: [{ function: 'abort' }] },
        {},
      ],
    },
  }

  it('takes the crashing thread out of the list, with its name and true frame count', () => {
    expect(crashingThread(crash)).toMatchObject({
      index: 1,
      name: 'worker',
      frameCount: 900,
      rows: [{ function: 'abort' }],
    })
    expect(otherThreads(crash, 100).threads.map(({ index, name }) => [index, name])).toEqual([
      [0, 'main'],
      [2, null],
    ])
  })

  it('falls back to the copy of the crashing thread, and to nothing', () => {
    const { threads: _, ...dump } = crash.json_dump
    expect(crashingThread({ json_dump: dump })).toMatchObject({ index: 1, rows: [{ function: 'copy' }] })
    expect(crashingThread({})).toBeNull()
    expect(crashingThreadIndex({ json_dump: { crash_info: { crashing_thread: 4 } } })).toBe(4)
    expect(crashingThreadIndex({ crashing_thread: 'four' })).toBeNull()
  })

  it('stops at its budget of rows and counts the threads that it leaves out', () => {
    const threads = Array.from({ length: 10 }, () => ({ frames: [{}, {}, {}] }))
    const { threads: shown, notShown } = otherThreads({ crashing_thread: 0, json_dump: { threads } }, 7)
    expect(shown).toHaveLength(3)
    expect(notShown).toBe(6)
  })
})
