import { describe, expect, it } from 'vitest'
import { openSymbolIndex } from './open-index.ts'
import type { SymbolAt, SymbolIndex } from './symbol-index.ts'
import { buildInMemory, countedSource, indexOf, keepingCache } from './testing/index-in-memory.ts'

/** The pitfalls of specs/stackwalker.md section 4, one by one. The differential tests hold the same against breakpad-symbols itself. */

const MODULE = 'MODULE Linux x86_64 ABCDEF0 x\n'
const bytesOf = (text: string) => new TextEncoder().encode(text)
const open = (text: string) => indexOf(bytesOf(MODULE + text))

async function names(index: SymbolIndex, ...addresses: number[]): Promise<(string | null)[]> {
  const found = await index.lookup(addresses.map(BigInt))
  return found.map((symbol) => (symbol.kind === 'none' ? null : symbol.name))
}

async function symbol(text: string, address: number | bigint): Promise<SymbolAt | undefined> {
  const [found] = await (await open(text)).lookup([BigInt(address)])
  return found
}

async function textAt(index: SymbolIndex, ...addresses: number[]): Promise<string> {
  const { text } = await index.records(addresses.map(BigInt), 300_000)
  return text.replace(MODULE, '')
}

describe('1. records out of order', () => {
  it('FUNC, PUBLIC and STACK CFI behind higher ones are found', async () => {
    const index = await open(
      'FUNC 3000 10 0 c\nFUNC 1000 10 0 a\nFUNC 2000 10 0 b\nPUBLIC 5000 0 q\nPUBLIC 4000 0 p\nSTACK CFI INIT 3000 10 three\nSTACK CFI INIT 1000 10 one\n',
    )
    expect(await names(index, 0xfff, 0x1000, 0x1010, 0x2008, 0x300f, 0x4fff, 0x5000)).toEqual([
      ...[null, 'a', null, 'b', 'c', 'p', 'q'],
    ])
    expect(await textAt(index, 0x1004)).toContain('STACK CFI INIT 1000 10 one\n')
    expect(await textAt(index, 0x3004)).toContain('STACK CFI INIT 3000 10 three\n')
  })
})

describe('2. duplicates and overlaps', () => {
  it('at one start the shortest wins, of equal ones the first, and what starts inside a kept one is dropped', async () => {
    const index = await open(
      'FUNC 1000 30 0 long\nFUNC 1000 20 0 short\nFUNC 1000 20 0 second\nFUNC 1010 100 0 inside\nFUNC 1020 8 0 behind\n',
    )
    expect(await names(index, 0x1000, 0x101f, 0x1020, 0x1028, 0x1030)).toEqual(['short', 'short', 'behind', null, null])
  })

  it('a late one drops a kept one, and brings back what that had dropped', async () => {
    const index = await open('FUNC 1000 40 0 main\nFUNC 1020 40 0 dropped\nFUNC 2000 10 0 far\nFUNC ff0 20 0 late\n')
    expect(await names(index, 0xff0, 0x100f, 0x1010, 0x1020, 0x105f, 0x2000)).toEqual([
      ...['late', 'late', null, 'dropped', 'dropped', 'far'],
    ])
  })

  it('records without bytes, and those that leave 64 bits, are no records', async () => {
    const index = await open(
      'FUNC 1000 0 0 empty\nFUNC fffffffffffffff0 10 0 leaves\nFUNC ffffffffffffff00 10 0 high\n',
    )
    expect(await index.lookup([0x1000n, 0xfffffffffffffff0n, 0xffffffffffffff0fn])).toMatchObject([
      { kind: 'none' },
      { kind: 'none' },
      { kind: 'function', name: 'high', address: 0xffffffffffffff00n },
    ])
  })
})

describe('3. FILE and INLINE_ORIGIN', () => {
  it('hold as they are defined last, also behind their use', async () => {
    const func = 'FUNC 1000 10 0 f\nINLINE 0 5 0 0 1000 10\n1000 10 6 1\n'
    expect(
      await symbol(`FILE 0 old\nINLINE_ORIGIN 0 old\n${func}FILE 0 new\nFILE 1 late\nINLINE_ORIGIN 0 name\n`, 0x1000),
    ).toMatchObject({
      ...{ file: 'new', line: 5, inlines: [{ function: 'name', file: 'late', line: 6 }] },
    })
  })

  it('a missing file takes its line with it; a missing name leaves its inline out', async () => {
    expect(await symbol('FUNC 1000 10 0 f\n1000 10 6 1\n', 0x1000)).toMatchObject({ file: null, line: null })
    const chain =
      'FILE 0 a\nINLINE_ORIGIN 1 inner\nFUNC 1000 10 0 f\nINLINE 0 5 0 0 1000 10\nINLINE 1 6 0 1 1000 10\n1000 10 7 0\n'
    expect(await symbol(chain, 0x1000)).toMatchObject({
      ...{ line: 5, inlines: [{ function: 'inner', file: 'a', line: 7 }] },
    })
  })
})

it('4. the m flag is read and ignored', async () => {
  const index = await open('FUNC m 1000 10 0 f\nPUBLIC m 2000 0 p\n')
  expect(await names(index, 0x1000, 0x2000)).toEqual(['f', 'p'])
})

describe('5. INLINE', () => {
  const text = `FILE 0 a
FILE 1 b
FILE 2 c
INLINE_ORIGIN 0 middle
INLINE_ORIGIN 1 inner
FUNC 1000 30 0 outer
INLINE 0 10 0 0 1000 10 1020 10
INLINE 1 20 1 1 1004 4
1000 30 30 2
`
  it('each function has the place of the call in it, the innermost that of the line', async () => {
    expect(await symbol(text, 0x1004)).toMatchObject({
      name: 'outer',
      file: 'a',
      line: 10,
      inlines: [
        { function: 'inner', file: 'c', line: 30 },
        { function: 'middle', file: 'b', line: 20 },
      ],
    })
    expect(await symbol(text, 0x1024)).toMatchObject({
      line: 10,
      inlines: [{ function: 'middle', file: 'c', line: 30 }],
    })
    expect(await symbol(text, 0x1014)).toMatchObject({ file: 'c', line: 30, inlines: [] })
  })

  it('of records that start together the last in order counts, and hides what began before it', async () => {
    const ties =
      'INLINE_ORIGIN 0 long\nINLINE_ORIGIN 1 tie\nINLINE_ORIGIN 2 hides\nFUNC 1000 40 0 f\nINLINE 0 1 0 0 1000 40\nINLINE 0 1 0 1 1000 40\nINLINE 0 1 0 2 1010 0\n'
    expect(await symbol(ties, 0x1008)).toMatchObject({ inlines: [{ function: 'tie' }] })
    expect(await symbol(ties, 0x1018)).toMatchObject({ inlines: [] })
  })
})

it('6. a FUNC without lines has a name only, and a gap between lines too', async () => {
  const text = 'FILE 0 a\nFUNC 1000 10 0 bare\nFUNC 2000 30 0 gap\n2000 10 1 0\n2020 10 2 0\n'
  expect(await symbol(text, 0x1008)).toMatchObject({ name: 'bare', file: null, line: null })
  expect(await symbol(text, 0x2018)).toMatchObject({ name: 'gap', file: null, line: null })
  expect(await symbol(text, 0x2028)).toMatchObject({ name: 'gap', file: 'a', line: 2 })
})

describe('7. PUBLIC', () => {
  const text =
    'PUBLIC 1000 0 before\nPUBLIC 2000 0 at\nPUBLIC 2008 0 inside\nPUBLIC 4000 0 b\nPUBLIC 4000 0 a\nFUNC 2000 10 0 f\nFUNC 3000 10 0 g\n'
  it('counts outside of functions, up to the next FUNC; the last has no end', async () => {
    const index = await open(text)
    expect(await names(index, 0xfff, 0x1fff, 0x2008, 0x2010, 0x2fff, 0x3010, 0x4000, 0xffff)).toEqual([
      ...[null, 'before', 'f', 'inside', 'inside', null, 'b', 'b'],
    ])
  })

  it('never counts where a FUNC starts with it, even behind that FUNC', async () => {
    expect(await names(await open('FUNC 1000 10 0 f\nPUBLIC 1000 0 p\n'), 0x1000, 0x1010)).toEqual(['f', null])
  })

  it('the text of a gap has the FUNC that ends a PUBLIC before it', async () => {
    const index = await open(text)
    expect(await textAt(index, 0x1800, 0x3100)).toContain('FUNC 3000 10 0 g\n')
    expect(await textAt(index, 0x3100)).toBe('')
  })
})

describe('8. STACK WIN', () => {
  it('a record that starts in the one before ends it; an earlier one is dropped; type 4 and 0 are apart', async () => {
    const win = (type: number, address: string, size: string, text: string) =>
      `STACK WIN ${type} ${address} ${size} 1 2 3 4 5 6 ${type === 4 ? 1 : 0} ${text}\n`
    const index = await open(
      win(4, '1000', '30', 'one') +
        win(4, '1010', '20', 'two') +
        win(4, '1008', '10', 'dropped') +
        win(0, '1000', '30', '1'),
    )
    expect(await textAt(index, 0x1008)).toBe(
      'STACK WIN 4 1000 10 1 2 3 4 5 6 1 one\nSTACK WIN 0 1000 30 1 2 3 4 5 6 0 1\n',
    )
    expect((await index.records([0x1018n], 10_000)).ranges).toEqual([{ start: 0x1010n, end: 0x1030n }])
  })
})

it('9. STACK CFI rules apply by address and then text, whole groups together', async () => {
  const index = await open(
    'STACK CFI INIT 1000 20 init\nSTACK CFI 1008 z\nSTACK CFI 1004 y\nSTACK CFI 1004 x\nSTACK CFI 1020 never\n',
  )
  expect(await textAt(index, 0x1010)).toBe(
    'STACK CFI INIT 1000 20 init\nSTACK CFI 1004 x\nSTACK CFI 1004 y\nSTACK CFI 1008 z\n',
  )
})

describe('10. odd files', () => {
  it('long lines are skipped as the crate does, CRCRLF is a line end, and addresses above 2^53 are exact', async () => {
    const long = `PUBLIC 500 0 ${'x'.repeat(200_000)}\n`
    const index = await open(`${long}FUNC 20000000000001 2 0 high\r\r\nPUBLIC ffffffff81000000 0 kernel\r\n`)
    expect(await index.lookup([0x500n, 0x20000000000000n, 0x20000000000002n, 0xffffffffffffffffn])).toMatchObject([
      ...[{ kind: 'none' }, { kind: 'none' }, { name: 'high' }, { name: 'kernel' }],
    ])
  })

  it('files of PUBLICs, of CFI, of a MODULE line only have an index', async () => {
    expect(await names(await open('PUBLIC 1000 0 p\n'), 0x1000)).toEqual(['p'])
    expect(await textAt(await open('STACK CFI INIT 1000 20 init\n'), 0x1000)).toContain('init')
    expect(await names(await open(''), 0x1000)).toEqual([null])
  })

  it('a refused file has an index that says where, into a sink that forgets and into one that does not', async () => {
    const text = bytesOf(`${MODULE}${'FUNC 1000 10 0 f\n'.repeat(10_000)}FUNC oops\n`)
    for (const canRestart of [true, false]) {
      const { built, index } = await buildInMemory(text, 65_536, 'etag', canRestart)
      expect(built).toMatchObject({ kind: 'corrupt', line: 10_002, reason: 'malformed_func' })
      expect(await openSymbolIndex(countedSource(index), keepingCache(), 'x')).toEqual({
        ...{ kind: 'corrupt', line: 10_002, reason: 'malformed_func' },
      })
      if (canRestart) expect(index.length).toBeLessThan(400)
    }
  })
})

describe('11. a huge function', () => {
  const lines = 30_000
  // Numbers that compress as badly as real ones.
  const lineAt = (at: number) => 1 + ((Math.imul(at ^ (at >>> 3), 0x9e37_79b1) >>> 9) % 60_000)
  const text = `FILE 0 a\nINLINE_ORIGIN 0 in\nFUNC 1000 ${(lines * 4).toString(16)} 0 huge\nINLINE 0 9 0 0 1000 ${(lines * 4).toString(16)}\n${Array.from(
    { length: lines },
    (_, at) => `${(0x1000 + at * 4).toString(16)} 4 ${lineAt(at)} 0\n`,
  ).join('')}PUBLIC 1001 0 inside\n`

  it('is read in pieces, each a bounded part', async () => {
    const { index } = await buildInMemory(bytesOf(MODULE + text))
    const source = countedSource(index)
    const opened = await openSymbolIndex(source, keepingCache(), 'x')
    if (opened.kind !== 'open') throw new Error(opened.kind)
    const before = source.bytes
    const [symbolThere] = await opened.index.lookup([BigInt(0x1000 + 20_000 * 4 + 2)])
    expect(symbolThere).toMatchObject({
      name: 'huge',
      address: 0x1000n,
      line: 9,
      inlines: [{ function: 'in', line: lineAt(20_000) }],
    })
    expect(source.bytes - before).toBeLessThan(40_000)
    expect(await names(opened.index, 0x1000 + lines * 4)).toEqual(['inside'])
  })

  it('its text holds the lines around the address, and says for where', async () => {
    const index = await open(text)
    const address = BigInt(0x1000 + 20_000 * 4)
    const { text: part, ranges } = await index.records([address], 256 * 1024)
    expect(part.length).toBeLessThan(100_000)
    expect(ranges).toHaveLength(1)
    expect(ranges[0]?.start).toBeLessThanOrEqual(address)
    expect(Number(ranges[0]?.end ?? 0n) - Number(ranges[0]?.start ?? 0n)).toBeLessThan(lines * 4)
  })
})

describe('12. order without memory', () => {
  it('a file in no order at all is read again until its records are in order', async () => {
    const count = 70_000
    const text = Array.from({ length: count }, (_, at) => {
      const address = (0x1000 + ((at * 7_919) % count) * 16).toString(16)
      return `PUBLIC ${address} 0 p${address}\nFUNC ${address} 8 0 f${address}\nSTACK CFI INIT ${address} 8 r${address}\n`
    }).join('')
    const { built, index } = await buildInMemory(bytesOf(MODULE + text))
    expect(built).toMatchObject({ kind: 'indexed' })
    expect(built.facts.passes).toBeGreaterThan(1)
    const opened = await openSymbolIndex(countedSource(index), keepingCache(), 'x')
    if (opened.kind !== 'open') throw new Error(opened.kind)
    for (const at of [0, 1, 33_333, count - 1]) {
      const address = 0x1000 + at * 16
      expect(await names(opened.index, address, address + 7, address + 8)).toEqual([
        ...[`f${address.toString(16)}`, `f${address.toString(16)}`, null],
      ])
      expect(await textAt(opened.index, address)).toContain(` r${address.toString(16)}\n`)
    }
  })
})

describe('13. blocks', () => {
  it('any address of a file with many blocks takes one read, once the index is open', async () => {
    const text = Array.from({ length: 6_000 }, (_, at) => {
      const address = 0x1000 + at * 64
      const lines = Array.from(
        { length: 16 },
        (_line, line) => `${(address + line * 4).toString(16)} 4 ${(at * 31 + line * 7) % 997} ${at % 5}\n`,
      )
      return `FUNC ${address.toString(16)} 40 0 function_${at}\n${lines.join('')}`
    }).join('')
    const { index } = await buildInMemory(bytesOf(`${MODULE}FILE 0 a\nFILE 1 b\nFILE 2 c\nFILE 3 d\nFILE 4 e\n${text}`))
    for (const at of [0, 1_234, 5_999]) {
      const source = countedSource(index)
      const opened = await openSymbolIndex(source, keepingCache(), 'x')
      if (opened.kind !== 'open') throw new Error(opened.kind)
      expect(await opened.index.lookup([BigInt(0x1000 + at * 64 + 5)])).toMatchObject([
        { name: `function_${at}`, line: (at * 31 + 7) % 997 },
      ])
      expect(source.reads).toBeLessThanOrEqual(2)
    }
  })
})
