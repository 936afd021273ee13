import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readElf } from './elf.ts'
import type { RangeSource } from './range-source.ts'
import { elfBytes } from './testing/elf-bytes.ts'

function source(bytes: Uint8Array): RangeSource & { reads: number; readBytes: number } {
  const counted = {
    size: bytes.length,
    reads: 0,
    readBytes: 0,
    async read(offset: number, length: number) {
      const read = bytes.slice(offset, offset + Math.max(0, length))
      counted.reads += 1
      counted.readBytes += read.length
      return read
    },
  }
  return counted
}

const BUILD_ID = '93AC61EC5A8EB1396F9FBD350E3169A558528A40'

describe('readElf', () => {
  it.each([
    ['an unstripped program', { code: 'progbits', debugInfo: true }, { hasCode: true, hasDebugInfo: true }],
    ['a stripped program', { code: 'progbits' }, { hasCode: true, hasDebugInfo: false }],
    ['a split-off debug file', { code: 'nobits', debugInfo: true }, { hasCode: false, hasDebugInfo: true }],
  ] as const)('tells what %s has, in every width and byte order, with four reads', async (_, parts, expected) => {
    for (const width of [32, 64] as const) {
      for (const order of ['little', 'big'] as const) {
        const file = source(elfBytes({ ...parts, buildId: BUILD_ID, width, order }))
        expect(await readElf(file)).toEqual({ kind: 'elf', buildId: BUILD_ID, ...expected })
        expect(file.reads).toBeLessThanOrEqual(4)
      }
    }
  })

  it('knows no build id where the linker wrote none', async () => {
    expect(await readElf(source(elfBytes({ code: 'progbits' })))).toMatchObject({ kind: 'elf', buildId: null })
  })

  it.each([
    ['empty', new Uint8Array(0)],
    ['text', new TextEncoder().encode('MODULE Linux x86_64 AB12 a.so\n'.repeat(10))],
    ['a bare header', elfBytes({}).slice(0, 64)],
    ['cut in its table', elfBytes({ code: 'progbits' }).slice(0, -1)],
  ])('a file that is %s is no ELF file', async (_, bytes) => {
    expect(await readElf(source(bytes))).toEqual({ kind: 'not_elf' })
  })

  it('reads little of a file, and never fails, whatever its bytes say', async () => {
    const whole = elfBytes({ code: 'progbits', debugInfo: true, buildId: BUILD_ID })
    const change = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(change, async (changes) => {
        const bytes = whole.slice()
        for (const [at, value] of changes) bytes[at] = value
        const file = source(bytes)
        await readElf(file)
        expect(file.reads).toBeLessThanOrEqual(4)
        expect(file.readBytes).toBeLessThanOrEqual(64 + 3 * whole.length)
      }),
      { numRuns: 2_000 },
    )
  })
})
