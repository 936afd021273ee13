import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_STRIP_CANDIDATES, MAX_STRIP_COMPARISONS, STRIP_WINDOW_BYTES } from '../limits.ts'
import { readDirectory } from './directory.ts'
import { DumpBytes } from './dump-bytes.ts'
import { stripEnvironment } from './environment.ts'
import { readThreads } from './threads.ts'

const dumpNames = ['heap_threads', 'jump_null', 'null_chain', 'panic_abort', 'templates']
/** A copy: a Buffer of Node shares its memory with its slices. */
const fixture = (name: string) => new Uint8Array(readFileSync(`test/fixtures/crashes/dumps/${name}.dmp`))
const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0))

/** One character a byte. */
function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192))
  return text
}

/** A dump in blocks of this size, as the collector holds it. */
function inPieces(bytes: Uint8Array, size: number): DumpBytes {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return new DumpBytes({ length: bytes.length, chunks: () => pieces })
}

/** A minidump of these streams, and of one thread a text, which is its stack. */
function minidump(parts: {
  readonly memory?: readonly string[]
  readonly streams?: Readonly<Record<number, string>>
}): Uint8Array {
  const stacks = parts.memory ?? []
  const streams = Object.entries(parts.streams ?? {}).map(([type, text]) => ({ type: Number(type), text }))
  const threadsAt = 32 + 12 * (streams.length + 1)
  const threadsBytes = 4 + 48 * stacks.length
  const texts = [...streams.map(({ text }) => text), ...stacks]
  const head = new DataView(new ArrayBuffer(threadsAt + threadsBytes))
  const set = (at: number, ...values: readonly number[]) => {
    for (const [index, value] of values.entries()) head.setUint32(at + 4 * index, value, true)
  }
  set(0, 0x504d444d, 0xa793, streams.length + 1, 32)
  set(32, 3, threadsBytes, threadsAt)
  set(threadsAt, stacks.length)
  let end = threadsAt + threadsBytes
  for (const [index, text] of texts.entries()) {
    const { type } = streams[index] ?? {}
    if (type === undefined) set(threadsAt + 4 + 48 * (index - streams.length) + 32, text.length, end)
    else set(44 + 12 * index, type, text.length, end)
    end += text.length
  }
  return bytesOf(latin1(new Uint8Array(head.buffer)) + texts.join(''))
}

const ENVIRON = 0x47670007
const CMD_LINE = 0x47670006
const AUXV = 0x47670008
/** Pointers, as they lie below the strings of a stack. */
const POINTERS = '\u0010\u00f0A\u00ff\u007f\u0001\0\0'.repeat(8)

describe('the environment of a Linux dump', () => {
  it.each(dumpNames)('goes from %s: its streams and the top of the main stack, and nothing else changes', (name) => {
    const before = fixture(name)
    const after = before.slice()
    expect(stripEnvironment(DumpBytes.of(after))).toEqual({
      kind: 'stripped',
      stripped: ['environ', 'auxv', 'cmd_line', 'memory'],
    })
    const text = latin1(before)
    const environ = /PATH=\/usr\/bin:\/bin\0CRASH_OUT=[^\0]+\0LD_PRELOAD=[^\0]+\0/.exec(text)?.[0] ?? ''
    expect(text.split(environ)).toHaveLength(3)
    for (const entry of environ.split('\0').filter((one) => one !== '')) expect(latin1(after)).not.toContain(entry)
    const changed = before.reduce((count, byte, at) => count + (byte === after[at] ? 0 : 1), 0)
    expect(changed).toBeLessThan(450)
    for (const [at, byte] of after.entries()) if (byte !== before[at] && byte !== 0) throw new Error(`changed at ${at}`)
  })

  it('goes the same way whatever pieces the dump lies in', () => {
    const whole = fixture('heap_threads')
    stripEnvironment(DumpBytes.of(whole))
    for (const size of [1, 7, 1_024, 4_099]) {
      const pieces = fixture('heap_threads')
      stripEnvironment(inPieces(pieces, size))
      expect(latin1(pieces) === latin1(whole)).toBe(true)
    }
  })

  it('goes from copies anywhere in memory, beyond a window too', () => {
    const secret = 'SECRET_CANARY=hunter2 and\nmore'
    const far = `${'x'.repeat(STRIP_WINDOW_BYTES - 5)}${secret} ${'y'.repeat(100)}A=b`
    const dump = minidump({ memory: [far, `??${secret}`], streams: { [ENVIRON]: `A=b\0${secret}\0EMPTY=\0` } })
    expect(stripEnvironment(DumpBytes.of(dump))).toEqual({ kind: 'stripped', stripped: ['environ', 'memory'] })
    for (const text of ['SECRET', 'hunter2', 'more', 'A=b']) expect(latin1(dump)).not.toContain(text)
    expect(latin1(dump)).toContain(`${'y'.repeat(100)}\0\0\0`)
  })

  it('of which one name ends another goes whole', () => {
    const dump = minidump({ memory: ['DATA=1 A=1'], streams: { [ENVIRON]: 'A=1\0DATA=1\0' } })
    stripEnvironment(DumpBytes.of(dump))
    expect(latin1(dump)).not.toMatch(/DAT|A=/)
  })

  it('goes from the top of a main stack without any stream, as Crashpad writes it', () => {
    const frames = `${POINTERS}keep=this\0\0`
    const top = './app\0--password\0pw\0SECRET_CANARY=hunter2\0PATH=/bin\0/opt/app/app\0\0\0\0\0\0\0\0\0'
    const dump = minidump({ memory: [frames + top] })
    expect(stripEnvironment(DumpBytes.of(dump))).toEqual({ kind: 'stripped', stripped: ['memory'] })
    expect(latin1(dump)).toContain(frames)
    for (const text of ['app', 'password', 'hunter2', 'PATH', 'opt']) expect(latin1(dump)).not.toContain(text)
  })

  it('that cannot be told from a thread’s own data stays: no variable there, or no end of a main stack', () => {
    for (const top of [
      'name\0other\0\0\0\0\0\0\0\0\0',
      'A=b\0c',
      `A=b\0${'\0'.repeat(40)}`,
      '\0'.repeat(32),
      '\0'.repeat(8),
      '',
    ]) {
      const dump = minidump({ memory: [`${POINTERS}\0\0${top}`, '\0'] })
      const before = latin1(dump)
      expect(stripEnvironment(DumpBytes.of(dump))).toEqual({ kind: 'stripped', stripped: [] })
      expect(latin1(dump) === before).toBe(true)
    }
  })

  it('goes with the command line and the auxiliary vector where memory has them', () => {
    const auxv = `\u0021${'\0'.repeat(7)}\u0001\u0002\u0003${'\0'.repeat(21)}`
    const dump = minidump({
      memory: [`${POINTERS}${auxv}\0\0/bin/app\0--token=hunter2\0.`],
      streams: { [CMD_LINE]: '/bin/app\0--token=hunter2\0', [AUXV]: auxv },
    })
    expect(stripEnvironment(DumpBytes.of(dump))).toEqual({ kind: 'stripped', stripped: ['auxv', 'cmd_line', 'memory'] })
    expect(latin1(dump)).not.toMatch(/hunter2|bin|\u0021/)
    expect(latin1(dump)).toContain(POINTERS)
  })

  it('goes from a dump whose end is missing, as far as it is there', () => {
    const dump = minidump({ streams: { [ENVIRON]: `SECRET_CANARY=hunter2\0${'PAD=x\0'.repeat(50)}` } })
    const cut = dump.slice(0, dump.length - 200)
    expect(stripEnvironment(DumpBytes.of(cut))).toEqual({ kind: 'stripped', stripped: ['environ'] })
    expect(latin1(cut)).not.toMatch(/SECRET|hunter2|PAD/)
  })
})

describe('what is left of an environment in memory', () => {
  /** 19 bytes. */
  const VALUE = 'canary-7f3a9c21e5d8'
  const real = () => new Uint8Array(readFileSync('test/fixtures/environment/secret_environment.dmp'))
  const after = (stack: string, environ = `SECRET_CANARY=${VALUE}\0PIN=1234567\0`) => {
    const dump = minidump({ memory: [stack], streams: { [ENVIRON]: environ } })
    stripEnvironment(inPieces(dump, 1_000))
    return latin1(dump).slice(-stack.length)
  }

  it('goes from a real crash, of whose variable a vector register left all but the beginning', () => {
    const dump = real()
    expect(latin1(dump).split(VALUE)).toHaveLength(7)
    expect(latin1(dump)).toContain(`\0\0CRET_CANARY=${VALUE}\0\0`)
    expect(stripEnvironment(DumpBytes.of(dump))).toEqual({
      kind: 'stripped',
      stripped: ['environ', 'auxv', 'cmd_line', 'memory'],
    })
    for (const text of ['canary', 'CANARY', '--password', '7f3a9c21e5d8']) expect(latin1(dump)).not.toContain(text)
  })

  it('goes from the registers of every thread', () => {
    const dump = real()
    const directory = readDirectory(DumpBytes.of(dump))
    if (directory.kind !== 'directory') throw new Error(directory.reason)
    const contexts = readThreads(DumpBytes.of(dump), directory).map(({ context }) => context)
    expect(contexts).toHaveLength(2)
    const before = dump.slice()
    for (const { at } of contexts) dump.set(bytesOf('NARY=canary-7f3a'), at + 512)
    stripEnvironment(DumpBytes.of(dump))
    expect(latin1(dump)).not.toContain('canary')
    for (const { at } of contexts) expect(dump.slice(at, at + 512)).toEqual(before.slice(at, at + 512))
  })

  it('is a value without its name, from 8 bytes on, and no shorter one', () => {
    expect(after(`Bearer ${VALUE}!`)).toBe(`Bearer ${'\0'.repeat(19)}!`)
    expect(after('x 12345678 ', 'PIN=12345678\0')).toBe(`x ${'\0'.repeat(8)} `)
    expect(after('x 1234567 ')).toBe('x 1234567 ')
    expect(after('x PIN=1234567 ')).toBe(`x ${'\0'.repeat(11)} `)
  })

  it('is 16 bytes of it in a row, wherever they stand, and no fewer', () => {
    for (let before = 0; before < 12; before++) {
      const space = ' '.repeat(before)
      expect(after(`${space}${VALUE.slice(2, 18)} `)).toBe(`${space}${'\0'.repeat(16)} `)
      expect(after(`${space}${VALUE.slice(2, 17)} `)).toBe(`${space}${VALUE.slice(2, 17)} `)
    }
  })

  it('goes to its end where another value begins the same', () => {
    const [one, other] = ['1a2b3c', '9z8y7x'].map((end) => `two-tokens-that-begin-the-same-${end}`)
    expect(after(`? ${other} `, `ONE=${one}\0OTHER=${other}\0`)).toBe(`? ${'\0'.repeat(37)} `)
    expect(after(`? ${one} `, `ONE=${one}\0OTHER=${other}\0`)).toBe(`? ${'\0'.repeat(37)} `)
  })

  it('is found where windows meet', () => {
    for (let cut = 0; cut <= VALUE.length; cut++) {
      const before = ' '.repeat(STRIP_WINDOW_BYTES - cut)
      expect(after(`${before}${VALUE} `) === `${before}${'\0'.repeat(VALUE.length)} `, `cut at ${cut}`).toBe(true)
    }
  })

  it('is an argument of the command line, and what only the top of a stack tells, as with Crashpad', () => {
    const stack = `${POINTERS}Bearer ${VALUE}, ${VALUE.slice(3)} and log in as jane.doe\0\0`
    const top = `./app\0jane.doe\0SECRET_CANARY=${VALUE}\0/opt/app/app\0\0\0\0\0\0\0\0\0`
    const dump = minidump({ memory: [stack + top] })
    expect(stripEnvironment(DumpBytes.of(dump))).toEqual({ kind: 'stripped', stripped: ['memory'] })
    expect(latin1(dump)).toContain('Bearer \0')
    expect(latin1(dump)).not.toMatch(/canary|7f3a|jane/)
    expect(latin1(dump)).toContain(POINTERS)
  })

  it('is looked for so long and no longer', () => {
    const environ = `${'A=aaaa1234567\0'.repeat(2_000)}SECRET_CANARY=${VALUE}\0`
    const many = 'aaaa '.repeat(MAX_STRIP_COMPARISONS / 4_000)
    expect(after(`${many}${VALUE} `, environ)).not.toContain(VALUE)
    expect(after(`${many.repeat(3)}${VALUE} `, environ)).toContain(VALUE)
  })
})

describe('a dump that is none', () => {
  it.each([
    ['empty', ''],
    ['text', 'SECRET_CANARY=1'],
    ['cut in its header', latin1(fixture('null_chain').subarray(0, 31))],
    ['cut in its list of streams', latin1(fixture('null_chain').subarray(0, 100))],
  ])('is left alone: %s', (_what, text) => {
    const bytes = bytesOf(text)
    expect(stripEnvironment(DumpBytes.of(bytes))).toEqual({ kind: 'unreadable' })
    expect(latin1(bytes)).toBe(text)
  })
})

describe('hostile dumps', () => {
  it('of any bytes change only to zeroes, and never throw', () => {
    const base = fixture('null_chain')
    const change = fc.tuple(fc.nat(base.length - 1), fc.nat(255))
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 40 }),
        fc.array(fc.tuple(fc.nat(430), fc.nat(255)), { maxLength: 10 }),
        (changes, early) => {
          const dump = base.slice()
          for (const [at, value] of [...changes, ...early]) dump[at] = value
          const before = dump.slice()
          stripEnvironment(inPieces(dump, 4_096))
          for (const [at, byte] of dump.entries())
            if (byte !== before[at] && byte !== 0) throw new Error(`changed at ${at}`)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('that look alike everywhere are looked through once', () => {
    const signs = `${'A'.repeat(64)}=`.repeat(100_000)
    const streams = {
      [ENVIRON]: Array.from({ length: 64 }, (_, at) => `${'A'.repeat(at + 1)}=${'b'.repeat(500)}c`).join('\0'),
    }
    const dump = minidump({ memory: [signs, signs.slice(1)], streams })
    expect(stripEnvironment(DumpBytes.of(dump)).kind).toBe('stripped')
    const equals = '='.repeat(MAX_STRIP_CANDIDATES + 10)
    const behind = minidump({ memory: [`${equals}A=b`], streams: { [ENVIRON]: 'A=b\0' } })
    stripEnvironment(DumpBytes.of(behind))
    expect(latin1(behind)).toContain('A=b')
  })
})
