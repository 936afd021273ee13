import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ExpectedPart, multipartCases } from '../test/fixtures/multipart/cases.ts'
import { readParts } from './multipart.ts'
import { MultipartError, parseMultipartType } from './multipart-headers.ts'

const LIMITS = { maxParts: 100, maxPartHeaderBytes: 8 * 1024 }

/** Cuts bytes into chunks of the given sizes, over and over. */
async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]) {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function read(
  bytes: Uint8Array,
  boundary = 'b',
  sizes: readonly number[] = [1e9],
): Promise<readonly ExpectedPart[] | 'error'> {
  const parts: ExpectedPart[] = []
  try {
    for await (const { name, filename, contentType, charset, body } of readParts(
      chunksOf(bytes, sizes),
      boundary,
      LIMITS,
    )) {
      const text: string[] = []
      for await (const chunk of body) text.push(...Array.from(chunk, (byte) => String.fromCharCode(byte)))
      parts.push({
        name,
        ...(filename === null ? {} : { filename }),
        ...(contentType === null ? {} : { contentType }),
        ...(charset === null ? {} : { charset }),
        body: text.join(''),
      })
    }
  } catch (thrown) {
    if (thrown instanceof MultipartError) return 'error'
    throw thrown
  }
  return parts
}

const bytesOf = (latin1: string) => Uint8Array.from(latin1, (char) => char.charCodeAt(0))

describe('the multipart reader', () => {
  it.each(multipartCases)('reads $what, in chunks of any size', async ({ body, contentType, expected }) => {
    const type = parseMultipartType(contentType ?? 'multipart/form-data; boundary=b')
    if (type.kind !== 'multipart') throw new Error(type.kind)
    for (const size of [1, 2, 3, 5, 17, 1e9]) expect(await read(bytesOf(body), type.boundary, [size])).toEqual(expected)
  })

  it('gives out a body while it arrives, and never holds more than a delimiter of it', async () => {
    let given = 0
    let taken = 0
    async function* source() {
      yield bytesOf('--b\r\nContent-Disposition: form-data; name="d"\r\n\r\n')
      for (let chunk = 0; chunk < 100; chunk++) {
        given += 1000
        yield new Uint8Array(1000)
        expect(given - taken).toBeLessThanOrEqual(1000 + '\r\n--b'.length)
      }
      yield bytesOf('\r\n--b--')
    }
    for await (const part of readParts(source(), 'b', LIMITS)) {
      for await (const bytes of part.body) taken += bytes.length
    }
    expect(taken).toBe(100_000)
  })

  it('skips a part whose body was not read', async () => {
    const body = ['one', 'two']
      .map((name) => `--b\r\nContent-Disposition: form-data; name=${name}\r\n\r\nv\r\n`)
      .join('')
    const names: (string | null)[] = []
    for await (const part of readParts(chunksOf(bytesOf(`${body}--b--`), [7]), 'b', LIMITS)) names.push(part.name)
    expect(names).toEqual(['one', 'two'])
  })

  it('takes as many parts and header bytes as allowed and not one more', async () => {
    const part = (name: string) => `--b\r\nContent-Disposition: form-data; name=${name}\r\n\r\nv\r\n`
    expect(await read(bytesOf(`${part('K').repeat(100)}--b--`))).toHaveLength(100)
    expect(await read(bytesOf(`${part('K').repeat(101)}--b--`))).toBe('error')
    const headerOf = (length: number) => 'x'.repeat(length - 'Content-Disposition: form-data; name='.length)
    expect(await read(bytesOf(`${part(headerOf(8192))}--b--`), 'b', [1000])).toHaveLength(1)
    expect(await read(bytesOf(`${part(headerOf(8193))}--b--`), 'b', [1000])).toBe('error')
  })

  it('gives back any bodies byte for byte, however the bytes are cut into chunks', async () => {
    const nasty = fc.string({ unit: fc.constantFrom('\r', '\n', '-', 'b', 'x', '\0', '\xff'), maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(nasty, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
        async (bodies, sizes) => {
          fc.pre(bodies.every((body) => !`\r\n${body}\r\n`.includes('\r\n--b')))
          const whole = bodies
            .map((body) => `--b\r\nContent-Disposition: form-data; name=K\r\n\r\n${body}\r\n`)
            .join('')
          expect(await read(bytesOf(`${whole}--b--\r\n`), 'b', sizes)).toEqual(
            bodies.map((body) => ({ name: 'K', body })),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  it('gives the same outcome for a damaged body however it is cut into chunks', async () => {
    const valid = `--b\r\nContent-Disposition: form-data; name="K"; filename="f"\r\nContent-Type: text/plain\r\n\r\nv\r\n--b--\r\n`
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }),
        async (damage, sizes) => {
          const bytes = bytesOf(valid)
          for (const [at, value] of damage) bytes[at] = value
          expect(await read(bytes, 'b', sizes)).toEqual(await read(bytes, 'b'))
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('the Content-Type of a multipart request', () => {
  it.each([
    ['multipart/form-data; boundary=abc', { kind: 'multipart', boundary: 'abc' }],
    ['multipart/form-data; boundary="a b;c"', { kind: 'multipart', boundary: 'a b;c' }],
    ['multipart/form-data;boundary=abc ;charset=x', { kind: 'multipart', boundary: 'abc' }],
    [`multipart/form-data; boundary=${'x'.repeat(70)}`, { kind: 'multipart', boundary: 'x'.repeat(70) }],
    [`multipart/form-data; boundary=${'x'.repeat(71)}`, { kind: 'boundary_too_long' }],
    ['multipart/form-data; boundary=', { kind: 'no_boundary' }],
    ['multipart/form-data; boundary=""', { kind: 'no_boundary' }],
    ['multipart/form-data', { kind: 'no_boundary' }],
    ['multipart/related; boundary=abc', { kind: 'not_multipart' }],
    ['application/json', { kind: 'not_multipart' }],
  ])('%s', (contentType, expected) => {
    expect(parseMultipartType(contentType)).toEqual(expected)
  })
})
