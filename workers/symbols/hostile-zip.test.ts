import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type MadeEntry, makeZip } from '#shared/symbols/testing/make-zip.ts'
import { emptyStore, lastUpload, setUpUploader, storedKeys, sym, upload, utf8 } from './testing/upload-client.ts'

let token: string
beforeAll(async () => {
  token = await setUpUploader()
})
beforeEach(emptyStore)

describe('a hostile zip gets a named 400 and leaves nothing in the store', () => {
  const good: MadeEntry = { name: 'good/1/good.sym', data: sym('good') }
  const bytes = (length: number) => new Uint8Array(length)
  const names = [
    '../AB/evil.sym',
    'a/AB/../evil.sym',
    'a/../evil.sym',
    '/etc/AB/passwd',
    '/AB/evil.sym',
    '..\\AB\\evil.sym',
    'a/AB/evil\\x.sym',
    'C:/AB/evil.sym',
    'C:\\AB\\evil.sym',
    'a/AB/evil.sym\0.txt',
    './AB/evil.sym',
    'a/AB/.',
    'a/AB/..',
    'a/AB/evil.',
    'a./AB/evil.sym',
    '．．/AB/evil.sym',
    'a／..／b/AB/evil.sym',
    'a/AB/<script>.sym',
    `${'a'.repeat(256)}/AB/evil.sym`,
    'a/nothex/evil.sym',
  ]
  const unrecognized = (name: string) =>
    `Unrecognized file pattern. Should only be <module>/<hex>/<file> or <name>-symbols.txt and nothing else. (First unrecognized pattern was '${name}')`
  const bomb = { name: 'bomb/1/bomb.sym', data: bytes(64 << 20) }

  it.each<[string, () => Uint8Array, string]>([
    ...names.map((name): [string, () => Uint8Array, string] => [
      `name ${JSON.stringify(name).slice(0, 40)}`,
      () => makeZip([good, { name, data: sym('evil') }]),
      unrecognized(name),
    ]),
    [
      'a bomb that declares 100 bytes',
      () => makeZip([good, { ...bomb, declaredBytes: 100 }]),
      'bomb/1/bomb.sym does not inflate to the 100 bytes that the zip file says',
    ],
    [
      'a bomb that declares too much',
      () => makeZip([good, { ...bomb, data: bytes(10), declaredBytes: 2 ** 33 + 1, zip64: true }]),
      'bomb/1/bomb.sym inflates to more than 8589934592 bytes',
    ],
    [
      'many that declare too much together',
      () =>
        makeZip([
          good,
          ...[1, 2, 3, 4, 5].map((n) => ({ name: `b/${n}/b.sym`, data: bytes(10), declaredBytes: 2 ** 31 })),
        ]),
      'The zip file inflates to more than 8589934592 bytes; split it',
    ],
    [
      'entries that share their data',
      () => makeZip([good, { name: 'b/1/b.sym', data: sym('good'), pointsAt: 0 }]),
      'b/1/b.sym overlaps another entry of the zip file',
    ],
    [
      '10,000 entries',
      () =>
        makeZip([
          good,
          ...Array.from({ length: 10_000 }, (_, n) => ({ name: `b/${n}/b.sym`, data: bytes(0), stored: true })),
        ]),
      'The zip file has more than 5000 entries; split it',
    ],
    [
      'one size declared too small',
      () => makeZip([good, { name: 'b/1/b.sym', data: sym('b'), declaredBytes: 5 }]),
      'b/1/b.sym does not inflate to the 5 bytes that the zip file says',
    ],
    [
      'one size declared too large',
      () => makeZip([good, { name: 'b/1/b.sym', data: utf8('abc'), declaredBytes: 4 }]),
      'b/1/b.sym does not inflate to the 4 bytes that the zip file says',
    ],
    [
      'a wrong CRC',
      () => makeZip([good, { name: 'b/1/b.sym', data: sym('b'), declaredCrc32: 1 }]),
      "Bad CRC-32 for file 'b/1/b.sym'",
    ],
    [
      'damaged compressed data',
      () => makeZip([good, { name: 'b/1/b.sym', data: sym('b'), compressed: bytes(20).fill(0xff) }]),
      'b/1/b.sym has damaged compressed data',
    ],
    [
      'bytes after the end of the compressed data',
      () => makeZip([good, { name: 'b/1/b.sym', data: utf8(''), compressed: Uint8Array.of(3, 0, 1, 2, 3) }]),
      'b/1/b.sym has damaged compressed data',
    ],
    [
      'compressed data that is cut',
      () => makeZip([good, { name: 'b/1/b.sym', data: utf8('abc'), compressed: Uint8Array.of(0x4b, 0x4c) }]),
      'b/1/b.sym has damaged compressed data',
    ],
    [
      'an encrypted entry',
      () => makeZip([good, { name: 'b/1/b.sym', data: sym('b'), flags: 1 }]),
      'b/1/b.sym is encrypted; upload symbols without a password',
    ],
    [
      'an unknown compression',
      () => makeZip([good, { name: 'b/1/b.sym', data: sym('b'), method: 12 }]),
      'b/1/b.sym is compressed by method 12; use deflate or no compression',
    ],
    [
      'one member twice in two sizes',
      () => makeZip([good, { name: 'good/1/good.sym', data: utf8('four') }]),
      `The zipfile buffer contains two files both called good/1/good.sym and they have difference sizes (${sym('good').length} != 4)`,
    ],
    [
      'one key in two cases and two sizes',
      () =>
        makeZip([
          { name: 'a/ab/a.sym', data: utf8('four') },
          { name: 'a/AB/a.sym', data: utf8('seven77') },
        ]),
      'The zipfile buffer contains two files both called a/AB/a.sym and they have difference sizes (4 != 7)',
    ],
    [
      'a denied snippet',
      () => makeZip([good, { name: 'qcom/proprietary/a.sym', data: sym('b') }]),
      "Content of archive file contains the snippet 'qcom/proprietary' which is not allowed",
    ],
    ['a cut zip', () => makeZip([good]).slice(0, -4), 'File is not a zip file'],
    ['garbage', () => utf8('no zip at all'), 'File is not a zip file'],
    ['an end of directory without its mark', () => withByte(makeZip([good]), -22, 0), 'File is not a zip file'],
    [
      'a local header that is not there',
      () => withByte(makeZip([good]), 0, 0),
      'The zip file is damaged: Local file header not found',
    ],
  ])('%s', async (_, make, error) => {
    const { status, body } = await upload(token, make())
    expect([status, body.error]).toEqual([400, error])
    expect(await storedKeys()).toEqual([])
    expect(await lastUpload()).toMatchObject({ failed_reason: error, completed_at: null })
  })

  function withByte(zip: Uint8Array, at: number, byte: number): Uint8Array {
    zip[at < 0 ? zip.length + at : at] = byte
    return zip
  }

  it('any byte of a zip changed: 201 or 400, and what is refused leaves nothing', async () => {
    const zip = makeZip([good, { name: 'b/1/b.pd_', data: utf8('some bytes'), dataDescriptor: true }])
    for (let at = 0; at < zip.length; at += 23) {
      const { status } = await upload(token, withByte(zip.slice(), at, (zip[at] ?? 0) ^ 0xff))
      expect([201, 400]).toContain(status)
      if (status === 400) expect(await storedKeys()).toEqual([])
      await emptyStore()
    }
  })
})
