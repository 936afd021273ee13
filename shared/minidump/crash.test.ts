import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_CODE_FILE_BYTES, MAX_CRASHPAD_ANNOTATIONS, MAX_MINIDUMP_MODULES, MAX_MINIDUMP_STREAMS } from '../limits.ts'
import { type Crash, readCrash } from './crash.ts'
import { readCrashpadAnnotations } from './crashpad-annotations.ts'
import { placesOf, readDirectory, STREAM } from './directory.ts'
import { DumpBytes } from './dump-bytes.ts'
import { describeModule, ModuleMap } from './modules.ts'
import { syntheticMinidump } from './testing/synthetic-minidump.ts'
import { mainThread, readProcessId, readThreads } from './threads.ts'

/** Runs of each property: 20,000 with MAYDAY_TEST_SIZE=full, else 1,000; MAYDAY_SEED repeats a run. */
const RUNS = process.env.MAYDAY_TEST_SIZE === 'full' ? 20_000 : 1_000
const SEED = process.env.MAYDAY_SEED === undefined ? {} : { seed: Number(process.env.MAYDAY_SEED) }

const DUMPS = ['heap_threads', 'jump_null', 'null_chain', 'panic_abort', 'templates']
/** A copy: a Buffer of Node shares its memory with its slices. */
const fixture = (name: string) => new Uint8Array(readFileSync(`test/fixtures/crashes/dumps/${name}.dmp`))
/** What stock minidump-stackwalk says of a dump. */
const stock = (name: string) => {
  const json = gunzipSync(readFileSync(`test/fixtures/crashes/json/${name}.json.gz`))
  return JSON.parse(new TextDecoder().decode(json))
}

/** A dump in pieces of this size, as the collector holds it. */
function inPieces(bytes: Uint8Array, size: number): DumpBytes {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return new DumpBytes({ length: bytes.length, chunks: () => pieces })
}

/** The modules of a dump, with their names. */
function modulesOf(dump: DumpBytes) {
  return crashOf(dump).modules.map((module) => ({ base: module.base, ...describeModule(dump, module) }))
}

function crashOf(dump: DumpBytes): Crash {
  const reading = readCrash(dump)
  if (reading.kind === 'unreadable') throw new Error(reading.reason)
  return reading.crash
}

const hex = (value: bigint) => `0x${value.toString(16).padStart(16, '0')}`

describe.each(DUMPS)('the dump %s', (name) => {
  const { registers, stack, modules, ...rest } = crashOf(DumpBytes.of(fixture(name)))
  const expected = stock(name)

  it('has the registers that stock reads', () => {
    const { rip, rsp } = expected.crashing_thread.frames[0].registers
    expect(registers === null ? null : [hex(registers.instructionPointer), hex(registers.stackPointer)]).toEqual([
      rip,
      rsp,
    ])
    expect(rest).toEqual({
      cpu: 'amd64',
      os: 'linux',
      exceptionCode: expected.crash_info.type.startsWith('SIGABRT') ? 6 : 11,
    })
  })

  it('has the modules that stock reads', () => {
    const ours = modulesOf(DumpBytes.of(fixture(name))).map(({ base, codeFile, codeId, debugId }) => [
      ...[hex(base), codeFile.slice(codeFile.lastIndexOf('/') + 1), codeId, debugId],
    ])
    expect(new Set(ours.map(String))).toEqual(
      new Set(
        expected.modules.map((module: Record<string, string>) =>
          String([module.base_addr, module.filename, module.code_id, module.debug_id]),
        ),
      ),
    )
  })

  it('has the crashing thread’s stack, and reads the same in pieces of any size', () => {
    expect(stack?.bytes ?? 0).toBeGreaterThan(1_000)
    for (const size of [1, 13, 4_096])
      expect(crashOf(inPieces(fixture(name), size))).toEqual({ registers, stack, modules, ...rest })
  })

  it('says which thread is the main one, and where the environment lies', () => {
    const dump = DumpBytes.of(fixture(name))
    const directory = readDirectory(dump)
    if (directory.kind !== 'directory') throw new Error(directory.reason)
    expect(mainThread(dump, directory)?.id).toBe(expected.pid)
    expect([readProcessId(dump, directory), readThreads(dump, directory).length]).toEqual([
      expected.pid,
      expected.thread_count,
    ])
    const [environment] = placesOf(directory, STREAM.linuxEnvironment)
    const view = environment === undefined ? null : dump.view(environment)
    expect(new TextDecoder().decode(view ?? undefined)).toContain('PATH=')
  })
})

describe('a crash', () => {
  const program = { base: 0x1000_0000, size: 0x1000, codeFile: 'C:\\Games\\wolf.exe' }
  const at = { instructionPointer: 0x1000_0123, stackPointer: 0x7000_0000, stack: [1, 0x1000_0040, 3] }

  it.each(['x86', 'amd64', 'arm', 'arm64'] as const)('on %s has its registers and its stack', (cpu) => {
    const dump = DumpBytes.of(syntheticMinidump({ cpu, ...at }))
    const { registers, stack } = crashOf(dump)
    expect(registers).toEqual({ instructionPointer: 0x1000_0123n, stackPointer: 0x7000_0000n })
    const width = cpu === 'x86' || cpu === 'arm' ? 4 : 8
    expect(stack?.bytes).toBe(3 * width)
    expect(stack === null ? 0 : dump.view(stack)?.getUint32(width, true)).toBe(0x1000_0040)
  })

  it.each(['memoryList', 'memory64List'] as const)('has its stack also where only the %s has it', (stackIn) => {
    expect(crashOf(DumpBytes.of(syntheticMinidump({ ...at, stackIn }))).stack?.bytes).toBe(24)
    expect(crashOf(DumpBytes.of(syntheticMinidump({ ...at, stackIn: 'nowhere' }))).stack).toBe(null)
  })

  it('has lists that are aligned to eight bytes', () => {
    const dump = DumpBytes.of(syntheticMinidump({ ...at, modules: [program], alignsLists: true }))
    expect([crashOf(dump).stack?.bytes, modulesOf(dump).map(({ codeFile }) => codeFile)]).toEqual([
      24,
      ['C:\\Games\\wolf.exe'],
    ])
  })

  it('has modules of Windows by their PDB, time stamp and size', () => {
    const guid = [0x78, 0x56, 0x34, 0x12, 0xbc, 0x9a, 0xf0, 0xde, 1, 2, 3, 4, 5, 6, 7, 8]
    const wolf = { ...program, stamp: 0xabc, pdb: { guid, age: 26, name: 'c:\\b\\wolf.pdb' } }
    const dump = DumpBytes.of(syntheticMinidump({ platformId: 2, modules: [wolf, program] }))
    expect(crashOf(dump).os).toBe('windows')
    expect(modulesOf(dump)).toMatchObject([
      { debugId: '123456789ABCDEF001020304050607081a', debugFile: 'c:\\b\\wolf.pdb', codeId: '00000ABC1000' },
      { debugId: null, codeId: null, debugFile: program.codeFile },
    ])
  })

  it('finds the module of an address, its first and its last byte', () => {
    const modules = new ModuleMap(crashOf(DumpBytes.of(syntheticMinidump({ modules: [program] }))).modules)
    const offsets = [0x0fff_ffff, 0x1000_0000, 0x1000_0fff, 0x1000_1000, 2 ** 60].map(
      (address) => modules.at(address)?.offset,
    )
    expect(offsets).toEqual([undefined, 0, 0xfff, undefined, undefined])
  })

  it('has what Crashpad put into the dump, of the process first', () => {
    const crashpad = {
      simple: { prod: 'Electron', both: 'process' },
      objects: { both: 'module', AbortMessage: 'ünsinn' },
    }
    const dump = DumpBytes.of(syntheticMinidump({ modules: [program], crashpad }))
    const directory = readDirectory(dump)
    if (directory.kind !== 'directory') throw new Error(directory.reason)
    expect(Object.fromEntries(readCrashpadAnnotations(dump, directory))).toEqual({
      ...{ prod: 'Electron', both: 'process', AbortMessage: 'ünsinn' },
    })
  })

  it('without an exception has no code and no registers', () => {
    expect(crashOf(DumpBytes.of(syntheticMinidump({ ...at, exceptionCode: null })))).toMatchObject({
      ...{ exceptionCode: null, registers: null, stack: null },
    })
  })
})

describe('limits', () => {
  const moduleOf = (codeFile: string) => ({ base: 1, size: 1, codeFile })
  const countOf = (modules: number) =>
    crashOf(DumpBytes.of(syntheticMinidump({ modules: Array(modules).fill(moduleOf('a')) }))).modules.length

  it('of modules: what is above is not read', () => {
    const counts = [-1, 0, 1].map((more) => countOf(MAX_MINIDUMP_MODULES + more))
    expect(counts).toEqual([MAX_MINIDUMP_MODULES - 1, MAX_MINIDUMP_MODULES, MAX_MINIDUMP_MODULES])
  })

  it('of a path: it is cut', () => {
    const chars = MAX_CODE_FILE_BYTES / 2
    const modules = [-1, 0, 1].map((more) => moduleOf('x'.repeat(chars + more)))
    const read = modulesOf(DumpBytes.of(syntheticMinidump({ modules }))).map(({ codeFile }) => codeFile.length)
    expect(read).toEqual([chars - 1, chars, chars])
  })

  it('of Crashpad’s annotations: what is above is not read', () => {
    const simple = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`a${at}`, 'b']))
    const counts = [-1, 0, 1].map((more) => {
      const crashpad = { simple: simple(MAX_CRASHPAD_ANNOTATIONS + more), objects: {} }
      const dump = DumpBytes.of(syntheticMinidump({ crashpad }))
      const directory = readDirectory(dump)
      return directory.kind === 'directory' ? readCrashpadAnnotations(dump, directory).size : null
    })
    expect(counts).toEqual([MAX_CRASHPAD_ANNOTATIONS - 1, MAX_CRASHPAD_ANNOTATIONS, MAX_CRASHPAD_ANNOTATIONS])
  })

  it('of streams: one more is no minidump that we read', () => {
    const kinds = [-1, 0, 1].map((more) => {
      const count = MAX_MINIDUMP_STREAMS + more
      const bytes = new Uint8Array(32 + 12 * count)
      const view = new DataView(bytes.buffer)
      for (const [at, value] of [0x504d_444d, 0xa793, count, 32].entries()) view.setUint32(at * 4, value, true)
      return readDirectory(DumpBytes.of(bytes)).kind
    })
    expect(kinds).toEqual(['directory', 'directory', 'unreadable'])
  })
})

describe('bytes that are no minidump', () => {
  const whole = syntheticMinidump({})
  const changed = (at: number, value: number) => {
    const bytes = whole.slice()
    new DataView(bytes.buffer).setUint32(at, value, true)
    return bytes
  }
  it.each([
    ['empty', new Uint8Array(0)],
    ['not_a_minidump', new TextEncoder().encode('MDMP')],
    ['not_a_minidump', new Uint8Array(1_000)],
    ['big_endian', changed(0, 0x4d44_4d50)],
    ['unknown_version', changed(4, 0x1234)],
    ['too_many_streams', changed(8, MAX_MINIDUMP_STREAMS + 1)],
    ['directory_cut', changed(8, MAX_MINIDUMP_STREAMS)],
    ['directory_cut', changed(12, 0xffff_fff0)],
  ])('are %s', (reason, bytes) => {
    expect(readCrash(DumpBytes.of(bytes))).toEqual({ kind: 'unreadable', reason })
  })
})

describe('hostile dumps', { timeout: 3_600_000 }, () => {
  /** Every reader on one dump: it ends, and answers. */
  const readAll = (dump: DumpBytes) => {
    const reading = readCrash(dump)
    if (reading.kind === 'unreadable') return reading.reason
    readCrashpadAnnotations(dump, reading.directory)
    mainThread(dump, reading.directory)
    const { stack, modules } = reading.crash
    for (const module of modules.slice(0, 50)) describeModule(dump, module)
    if (stack !== null) expect(dump.view(stack)).not.toBe(null)
    return 'crash'
  }
  const crashpad = { simple: { a: 'b' }, objects: { c: 'd' } }
  const base = [
    fixture('jump_null'),
    fixture('panic_abort'),
    syntheticMinidump({
      cpu: 'x86',
      stack: [1, 2],
      stackIn: 'memory64List',
      crashpad,
      modules: [{ base: 1, size: 2, codeFile: 'a' }],
    }),
  ]

  it('give a named outcome where words in them were changed', () => {
    const extremes = fc.constantFrom(0, 1, 7, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff)
    const change = fc.tuple(fc.nat(), fc.oneof(extremes, fc.nat(100_000), fc.integer({ min: 0, max: 0xffff_ffff })))
    const seen = new Set<string>()
    fc.assert(
      fc.property(fc.nat(base.length - 1), fc.array(change, { minLength: 1, maxLength: 40 }), (which, changes) => {
        const bytes = (base[which] ?? new Uint8Array(0)).slice()
        const view = new DataView(bytes.buffer)
        // Half of the changes in the first KB, where header, directory and lists' counts lie.
        for (const [at, value] of changes)
          view.setUint32((at % (at % 2 === 0 ? 1_000 : bytes.length - 4)) & ~3, value, true)
        seen.add(readAll(DumpBytes.of(bytes)))
      }),
      { numRuns: RUNS, ...SEED },
    )
    expect([...seen].sort()).toEqual(expect.arrayContaining(['crash', 'directory_cut', 'not_a_minidump']))
  })

  it('give a named outcome where they were cut, or are noise', () => {
    fc.assert(
      fc.property(fc.nat(base.length - 1), fc.nat(), fc.uint8Array({ maxLength: 500 }), (which, cut, noise) => {
        const bytes = base[which] ?? new Uint8Array(0)
        readAll(inPieces(bytes.subarray(0, cut % bytes.length), 1 + (cut % 5_000)))
        const header = bytes.subarray(0, 32)
        readAll(inPieces(Uint8Array.from([...header, ...noise]), 64))
        readAll(DumpBytes.of(noise))
      }),
      { numRuns: RUNS, ...SEED },
    )
  })
})
