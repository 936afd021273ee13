import { describe, expect, it } from 'vitest'
import { crashingThread, crashingThreadIndex, type FrameRow, frameRows } from './frames.ts'

const kinds = (rows: readonly FrameRow[]) => rows.map((row) => row.kind)

describe('frameRows', () => {
  it('lists a frame, under it the functions inlined into it, innermost first, then its caller', () => {
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
      'outer()',
      'innermost()',
      'middle()',
      'main',
    ])
    expect(kinds(rows)).toEqual(['frame', 'inline', 'inline', 'frame'])
    expect(rows.map((row) => (row.kind === 'truncated' ? null : row.anchor))).toEqual([
      't3f0',
      't3f0i0',
      't3f0i1',
      't3f1',
    ])
    expect(rows[1]).toMatchObject({
      number: 0,
      source: { path: 'c.h', file: 'c.h', line: 3, href: null },
    })
    expect(rows[0]).toMatchObject({ trust: { name: 'context', confidence: 'sure' }, missingSymbols: false, inlines: 2 })
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
    const rows = frameRows({ frames: Array.from({ length: 30 }, (_, frame) => ({ frame })) }, 0, { maxRows: 10 })
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
  })

  it('falls back to the copy of the crashing thread, and to nothing', () => {
    const { threads: _, ...dump } = crash.json_dump
    expect(crashingThread({ json_dump: dump })).toMatchObject({ index: 1, rows: [{ function: 'copy' }] })
    expect(crashingThread({})).toBeNull()
    expect(crashingThreadIndex({ json_dump: { crash_info: { crashing_thread: 4 } } })).toBe(4)
    expect(crashingThreadIndex({ crashing_thread: 'four' })).toBeNull()
  })
})
