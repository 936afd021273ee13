import { describe, expect, it } from 'vitest'
import { type Address, addressOf, lastAddress, MAX_ADDRESS, minus, plus } from './address.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

const EDGES = [0n, 1n, 127n, 128n, 2n ** 14n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 49n - 1n, 2n ** 53n - 1n]
const ADDRESSES = [...EDGES, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, MAX_ADDRESS]

describe('numbers in a block', () => {
  it('come back as they were written, one behind the other', () => {
    const writer = new ByteWriter(1)
    for (const edge of EDGES) writer.number(Number(edge))
    for (const edge of EDGES.slice(0, -1)) for (const value of [edge, -edge]) writer.signed(Number(value))
    const reader = new ByteReader(writer.written())
    for (const edge of EDGES) expect(reader.number()).toBe(Number(edge))
    for (const edge of EDGES.slice(0, -1)) {
      for (const value of [edge, -edge]) expect(reader.signed()).toBe(Number(value) + 0)
    }
    expect(reader.left).toBe(0)
  })

  it('are addresses of 64 bits and their differences, exact', () => {
    const writer = new ByteWriter()
    const pairs = ADDRESSES.flatMap((a) => ADDRESSES.map((b): [Address, Address] => [addressOf(a), addressOf(b)]))
    for (const [a, b] of pairs) writer.signedAddress(minus(a, b))
    const reader = new ByteReader(writer.written())
    for (const [a, b] of pairs) expect(plus(b, reader.signedAddress())).toBe(a)
  })

  it('throw where they lead out of their column, and where none can have been written', () => {
    const read = (bytes: number[], how: (reader: ByteReader) => unknown) => () =>
      how(new ByteReader(Uint8Array.from(bytes)))
    expect(read([], (reader) => reader.number())).toThrow('too short')
    expect(read([0x80], (reader) => reader.number())).toThrow('too short')
    expect(read(Array(9).fill(0xff), (reader) => reader.number())).toThrow('too long')
    expect(read(Array(12).fill(0xff), (reader) => reader.signedAddress())).toThrow('too long')
    expect(read([1], (reader) => reader.skip(2))).toThrow('too short')
    expect(read([1], (reader) => reader.take(2))).toThrow('too long')
  })
})

describe('addresses', () => {
  it('have one form each', () => {
    expect(addressOf(2n ** 53n - 1n)).toBe(2 ** 53 - 1)
    expect(addressOf(2n ** 53n)).toBe(2n ** 53n)
    expect(plus(2 ** 53 - 1, 1)).toBe(2n ** 53n)
    expect(minus(2n ** 53n, 1)).toBe(2 ** 53 - 1)
  })

  it('end where the crate sees an end', () => {
    expect(lastAddress(0x1000, 0)).toBeNull()
    expect(lastAddress(0x1000, 0x10)).toBe(0x100f)
    expect(lastAddress(MAX_ADDRESS, 1)).toBeNull()
    expect(lastAddress(MAX_ADDRESS - 0x10n, 0x10)).toBe(MAX_ADDRESS - 1n)
  })
})
