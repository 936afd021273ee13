import { describe, expect, it } from 'vitest'
import { moduleOffsets } from './symbolicate-line.ts'

/** `module+offset@text up to its end`, so that a case shows where names go. */
function found(line: string): readonly string[] {
  return moduleOffsets(line).map(
    ({ module, offset, buildId, end }) =>
      `${module}+${offset.toString(16)}${buildId === null ? '' : ` ${buildId}`}@${line.slice(end)}`,
  )
}

const BUILD_ID = 'e54b5c1f0a9d3d2b7c6e8f90112233445566aabb'

describe('moduleOffsets', () => {
  it.each<[string, string, readonly string[]]>([
    ['plain', 'at libfoo.so+0x1149, then', ['libfoo.so+1149@, then']],
    ['two', 'a.so+0x1 b.so+0x2', ['a.so+1@ b.so+0x2', 'b.so+2@']],
    ['glibc backtrace', './prog(+0x1149) [0x55d0c1149]', ['prog+1149@ [0x55d0c1149]']],
    ['glibc backtrace of a library', '/lib/libc.so.6(+0x27249) [0x7f]', ['libc.so.6+27249@ [0x7f]']],
    ['ASan', `    #1 0x7f01 (/path/lib.so+0x1234) (BuildId: ${BUILD_ID})`, [`lib.so+1234 ${BUILD_ID.toUpperCase()}@`]],
    ['ASan, a path with spaces', '#1 0x7f (/my path/My App+0x12)', ['My App+12@']],
    ['Chromium', '#0 0x55f0b2c0d0b9 (/opt/chrome/chrome+0x32b0c0b8)', ['chrome+32b0c0b8@']],
    ['Chromium, Windows', '\t(No symbol) [0x00007FF6+1] C:\\x\\chrome.dll+1A2b', ['chrome.dll+1a2b@']],
    ['with a bang', 'lib.so!+0xabc;', ['lib.so+abc@;']],
    ['Windows, no 0x', 'mod.dll+1234', ['mod.dll+1234@']],
    ['Mozilla', '#01: ???[/usr/lib/libxul.so +0x1a2b3c]', ['libxul.so+1a2b3c@']],
    ['Rust panic handlers', '   3: myprog+0x5f3a - <unknown>', ['myprog+5f3a@ - <unknown>']],
    [
      'Android',
      `#00 pc 0000000000012a4c  /system/lib64/libc.so (abort+164) (BuildId: ${BUILD_ID})`,
      [`libc.so+12a4c ${BUILD_ID.toUpperCase()}@`],
    ],
    ['Android, within an archive', '  #02 pc 0001f2  /data/app/base.apk!libx.so', ['libx.so+1f2@']],
    ['an archive and +', '/data/base.apk!libx.so+0x12', ['libx.so+12@']],
    ['a versioned library without 0x', 'libc.so.6+27249', ['libc.so.6+27249@']],
    ['64 bits', 'a+0xffffffffffffffff', ['a+ffffffffffffffff@']],
  ])('finds %s', (_what, line, expected) => {
    expect(found(line)).toEqual(expected)
  })

  it.each([
    ['a symbol of glibc', './prog(main+0x15) [0x55d0]'],
    ['a symbol of a debugger', 'mod!func+0x15'],
    ['Go', '\t/src/main.go:10 +0x1d'],
    ['a language', 'C++11 and C++0x'],
    ['a sum', '1+1=2, x +0x10'],
    ['more than 64 bits', 'a.so+0x10000000000000000'],
    ['hex that goes on', 'a.so+0x12xyz'],
    ['nothing before', '+0x12 (+0x12)'],
    ['pc in a text', 'my pc 12 is fine'],
  ])('lets %s be', (_what, line) => {
    expect(found(line)).toEqual([])
  })

  it('takes a build id only from the place behind its own offset', () => {
    expect(found(`(BuildId: ${BUILD_ID}) a.so+0x1 b.so+0x2 (BuildId: zz)`)).toEqual([
      'a.so+1@ b.so+0x2 (BuildId: zz)',
      'b.so+2@ (BuildId: zz)',
    ])
  })

  it.each([
    ['pluses', '+'],
    ['offsets without a name', '+0x1'],
    ['brackets', '(+0x1)'],
    ['brackets that open', '('],
    ['offsets in one bracket', 'a+0x1) '],
    ['pcs', 'pc 1 '],
    ['pcs and paths', 'pc 1  /a'],
    ['build ids', 'a.so+0x1 (BuildId: '],
    ['words in brackets', 'a.so+0x1 (((('],
  ])('reads 64 KiB of %s with bounded looks back', (_what, part) => {
    // A backtracking reader would need hours; a test that ends is the proof, not a clock.
    const line = part.repeat(Math.ceil(65_536 / part.length))
    expect(moduleOffsets(line).length).toBeLessThanOrEqual(line.length)
    expect(moduleOffsets(`${'x'.repeat(65_000)}+0x1`)).toHaveLength(1)
  })
})
