import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_FINGERPRINT_STACK_BYTES } from '../limits.ts'
import { isSystemModule } from '../minidump/system-modules.ts'
import { type SyntheticCrash, syntheticMinidump } from '../minidump/testing/synthetic-minidump.ts'
import type { JsonValue } from '../raw-crash.ts'
import { fingerprintOf, fingerprintParts, parseFingerprint } from './fingerprint.ts'

/** 20,000 with MAYDAY_TEST_SIZE=full, else 1,000; MAYDAY_SEED repeats a run. */
const RUNS = process.env.MAYDAY_TEST_SIZE === 'full' ? 20_000 : 1_000
const SEED = process.env.MAYDAY_SEED === undefined ? {} : { seed: Number(process.env.MAYDAY_SEED) }

const WOLF = { ProductName: 'WaterWolf', Version: '1.0' }
const held = (bytes: Uint8Array) => ({ length: bytes.length, chunks: () => [bytes] })
const fixture = (name: string) => held(readFileSync(`test/fixtures/crashes/dumps/${name}.dmp`))
const partsOf = (crash: SyntheticCrash, annotations: Readonly<Record<string, JsonValue>> = WOLF) =>
  fingerprintParts(annotations, held(syntheticMinidump(crash)))

const SYSTEM = { size: 0x10_0000, codeFile: '/lib/x86_64-linux-gnu/libc.so.6', buildId: [1, 1, 1, 1] }
const APP = { size: 0x10_0000, codeFile: '/opt/wolf/wolf', buildId: [2, 2, 2, 2] }
const APP_ID = '02020202000000000000000000000000' + '0'
/** The same crash, with modules where this run put them. */
const crashAt = (libc: number, app: number): SyntheticCrash => ({
  modules: [
    { base: app, ...APP },
    { base: libc, ...SYSTEM },
  ],
  instructionPointer: libc + 0x1234,
  stack: [5, libc + 0x40, app + 0x100, 2 ** 52, app + 0x200],
})

describe('the real dumps', () => {
  it('of one instruction pointer in libc, panic_abort and heap_threads, have two fingerprints', async () => {
    const [panic, heap] = ['panic_abort', 'heap_threads'].map((name) => fingerprintParts(WOLF, fixture(name)))
    expect(panic?.[4]).toBe('EC61AC938E5A39B16F9FBD350E3169A50+8aeec')
    expect(heap?.[4]).toBe(panic?.[4])
    const [first, second] = await Promise.all(
      ['panic_abort', 'heap_threads'].map((name) => fingerprintOf(WOLF, fixture(name))),
    )
    expect(first).toMatch(/^[0-9a-f]{32}$/)
    expect(first).not.toBe(second)
    expect(await fingerprintOf(WOLF, fixture('panic_abort'))).toBe(first)
  })

  it('have five, and each has another in another version', async () => {
    const names = ['heap_threads', 'jump_null', 'null_chain', 'panic_abort', 'templates']
    const all = await Promise.all(
      names.flatMap((name) => [WOLF, { ...WOLF, Version: '1.1' }].map((sent) => fingerprintOf(sent, fixture(name)))),
    )
    expect(new Set(all).size).toBe(10)
    expect(all).not.toContain(null)
  })
})

describe('a fingerprint', () => {
  it('says module and offset, so it does not move with the modules', () => {
    const parts = partsOf(crashAt(0x7f00_0000, 0x1000_0000))
    expect(parts).toEqual([
      ...['WaterWolf', '1.0', 'parent', 11, '01010101000000000000000000000000' + '0+1234'],
      ...[[`${APP_ID}+100`, `${APP_ID}+200`], null, null],
    ])
    expect(partsOf(crashAt(0x6a00_0000, 0x5555_0000))).toEqual(parts)
  })

  it('is of the first eight words that point into the program', () => {
    const words = Array.from({ length: 20 }, (_, index) => 0x1000_0000 + index)
    expect(partsOf({ ...crashAt(0x7f00_0000, 0x1000_0000), stack: words })?.[5]).toEqual(
      Array.from({ length: 8 }, (_, index) => `${APP_ID}+${index.toString(16)}`),
    )
    const far = Array.from({ length: MAX_FINGERPRINT_STACK_BYTES / 8 + 1 }, () => 0)
    const stackWith = (at: number) => far.with(at, 0x1000_0001)
    const wordsOf = (stack: number[]) =>
      partsOf({ ...crashAt(0x7f00_0000, 0x1000_0000), stack }, { ...WOLF, AbortMessage: 'x' })?.[5]
    expect([wordsOf(stackWith(far.length - 2)), wordsOf(stackWith(far.length - 1))]).toEqual([[`${APP_ID}+1`], []])
  })

  it.each([
    ['product', { ProductName: 'FireSquid' }],
    ['version', { Version: '1.0.1' }],
    ['process type', { ProcessType: 'gpu' }],
    ['assertion', { MozCrashReason: 'MOZ_ASSERT(false)' }],
    ['abort message', { AbortMessage: 'out of luck' }],
    ['Java exception', { JavaStackTrace: 'a.B: oops\n\tat a.B.c(B.java:1)' }],
  ])('changes with the %s', async (_, change) => {
    const dump = held(syntheticMinidump(crashAt(0x7f00_0000, 0x1000_0000)))
    expect(await fingerprintOf({ ...WOLF, ...change }, dump)).not.toBe(await fingerprintOf(WOLF, dump))
  })

  it('does not change with what a person or a moment adds', async () => {
    const dump = held(syntheticMinidump(crashAt(0x7f00_0000, 0x1000_0000)))
    const more = {
      ...WOLF,
      ProcessType: 'main',
      Comments: 'x',
      URL: 'y',
      CrashTime: '1',
      Email: 'z',
      Throttleable: '0',
    }
    expect(await fingerprintOf(more, dump)).toBe(await fingerprintOf(WOLF, dump))
  })

  it('takes the reason that a Crashpad client left in the dump', () => {
    const crash = {
      ...crashAt(0x7f00_0000, 0x1000_0000),
      crashpad: { simple: { AbortMessage: 'in the dump' }, objects: {} },
    }
    expect(partsOf(crash)?.[6]).toBe('in the dump')
    expect(partsOf(crash, { ...WOLF, AbortMessage: 'annotation' })?.[6]).toBe('annotation')
  })

  it.each([
    ['no dump and no reason', WOLF, null],
    ['an unreadable dump', WOLF, held(new TextEncoder().encode('MDMP'))],
    ['a place in libc alone', WOLF, held(syntheticMinidump({ ...crashAt(0x7f00_0000, 0x1000_0000), stack: [] }))],
    ['a wild jump without a stack', WOLF, held(syntheticMinidump({ instructionPointer: 1 }))],
    ['annotations that are no text', { ...WOLF, MozCrashReason: { a: 1 }, AbortMessage: 5, JavaException: [] }, null],
  ])('is not made of %s', async (_, annotations, dump) => {
    expect(await fingerprintOf(annotations, dump)).toBe(null)
  })

  it('is made of a reason alone', async () => {
    const noDump = await fingerprintOf({ ...WOLF, MozCrashReason: 'MOZ_CRASH(x)' }, null)
    expect(noDump).toMatch(/^[0-9a-f]{32}$/)
    expect(await fingerprintOf({ ...WOLF, MozCrashReason: 'MOZ_CRASH(x)' }, held(new Uint8Array(10)))).toBe(noDump)
  })
})

describe('a Java crash', () => {
  const of = (annotations: Readonly<Record<string, JsonValue>>) =>
    fingerprintParts({ ...WOLF, ...annotations }, null)?.[7]

  it('goes by class and top frame, without message and line', () => {
    const trace =
      'java.lang.IllegalStateException: canary\nmore\n\tat a.B.run(B.java:12)\n\tat a.C.d(C.java:1)\nCaused by: x'
    expect(of({ JavaStackTrace: trace })).toEqual(['java.lang.IllegalStateException', 'a.B.run(B.java)'])
    expect(of({ JavaStackTrace: trace.replace('canary', 'other').replace('12', '13') })).toEqual(
      of({ JavaStackTrace: trace }),
    )
  })

  it('goes by the exception where there is no stack trace, as text or as an object', () => {
    const frames = [{ module: 'a.B', function: 'run', filename: 'B.kt', lineno: 3 }, { module: 'a.C' }]
    const values = [{ stacktrace: { module: 'java.lang', type: 'Error', value: 'canary', frames } }]
    const expected = ['java.lang.Error', 'a.B run B.kt']
    expect(of({ JavaException: { exception: { values } } })).toEqual(expected)
    expect(of({ JavaException: JSON.stringify({ exception: { values } }) })).toEqual(expected)
  })

  it.each(['', 'no trace', '\tat only.a.frame()', '{', '[]'])('is none for %j', (text) => {
    expect(fingerprintParts({ ...WOLF, JavaStackTrace: text, JavaException: text }, null)).toBe(null)
  })
})

describe('a module of the system or a runtime', () => {
  it.each([
    ...[
      '/lib/x86_64-linux-gnu/libc.so.6',
      '/usr/lib64/libstdc++.so.6.0.30',
      '/usr/lib/libSystem.B.dylib',
      'linux-gate.so',
    ],
    ...[
      'C:\\Windows\\System32\\ntdll.dll',
      'c:\\windows\\WinSxS\\x\\comctl32.dll',
      'D:\\Game\\VCRUNTIME140_1.dll',
      'ntdll.dll',
    ],
    ...[
      '/System/Library/Frameworks/AppKit.framework/AppKit',
      '/apex/com.android.art/lib64/libart.so',
      '/system/lib64/libc.so',
    ],
    ...[
      '/opt/wolf/libstdc++.so.6',
      '/data/app/x/lib/arm64/libc++_shared.so',
      'linux-vdso.so.1',
      '/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1',
    ],
  ])('is %s', (codeFile) => expect(isSystemModule(codeFile)).toBe(true))

  it.each([
    ...[
      '/usr/lib/firefox/libxul.so',
      '/usr/bin/wolf',
      '/opt/wolf/wolf',
      'C:\\Program Files\\Wolf\\wolf.exe',
      'xul.dll',
      '',
    ],
    ...[
      '/Applications/Wolf.app/Contents/MacOS/Wolf',
      '/data/app/x/base.apk!/lib/libwolf.so',
      'libcurl-app.so',
      'D:\\Windows.old.exe',
    ],
    ...['/usr/lib/x86_64-linux-gnu/wolf/libwolf.so', '/home/u/lib/libwolf.so', 'libmine.so', 'foundation.exe'],
  ])('is not %s', (codeFile) => expect(isSystemModule(codeFile)).toBe(false))
})

describe('parseFingerprint', () => {
  it.each(['', 'AB'.repeat(16), 'ab'.repeat(15), `${'ab'.repeat(16)}\n`])('refuses %j', (text) => {
    expect(parseFingerprint(text)).toBe(null)
  })
})

describe('any annotations and any bytes', { timeout: 3_600_000 }, () => {
  it('give a fingerprint or none', async () => {
    const panic = new Uint8Array(readFileSync('test/fixtures/crashes/dumps/panic_abort.dmp'))
    const names = fc.constantFrom('ProductName', 'JavaStackTrace', 'JavaException', 'MozCrashReason', '__proto__')
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(names, fc.jsonValue({ maxDepth: 4 })),
        fc.nat(),
        fc.nat(),
        async (sent, at, value) => {
          const bytes = panic.slice()
          new DataView(bytes.buffer).setUint32((at % (bytes.length - 4)) & ~3, value, true)
          const annotations: Readonly<Record<string, JsonValue>> = JSON.parse(JSON.stringify(sent))
          for (const dump of [null, held(bytes), held(bytes.subarray(at % bytes.length))])
            expect((await fingerprintOf(annotations, dump)) ?? '0'.repeat(32)).toMatch(/^[0-9a-f]{32}$/)
        },
      ),
      { numRuns: RUNS, ...SEED },
    )
  })
})
