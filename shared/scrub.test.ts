import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scrubFreeText } from './scrub.ts'

describe('scrubFreeText', () => {
  it.each([
    ['open /home/joe/notes.txt failed', 'open /home/<user>/notes.txt failed'],
    ['/Users/jane.doe/Library/x', '/Users/<user>/Library/x'],
    ['file:///home/joe', 'file:///home/<user>'],
    ['C:\\Users\\Jane Doe\\AppData', 'C:\\Users\\<user>\\AppData'],
    ['c:/users/Jane Doe/AppData', 'c:/users/<user>/AppData'],
    ['D:\\Documents and Settings\\joe\\x.dll', 'D:\\Documents and Settings\\<user>\\x.dll'],
    ['{"path":"C:\\\\Users\\\\joe\\\\x"}', '{"path":"C:\\\\Users\\\\<user>\\\\x"}'],
    ['\\\\server\\Users\\joe', '\\\\server\\Users\\<user>'],
    ['file:///C:/Users/Jane%20Doe/x', 'file:///C:/Users/<user>/x'],
    ['%2Fhome%2Fjoe', '%2Fhome%2F<user>'],
    ['C:\\Users\\joe is gone', 'C:\\Users\\<user> is gone'],
  ])('takes the user name out of %j', (text, scrubbed) => {
    expect(scrubFreeText(text)).toBe(scrubbed)
  })

  it.each([
    ['mail joe.smith+x@mail.example.com.', 'mail <email>.'],
    ['<jürgen@bücher.example>', '<<email>>'],
    ['joe%40example.com', '<email>'],
    ['a@b.cc,d@e.ff', '<email>,<email>'],
  ])('takes the address out of %j', (text, scrubbed) => {
    expect(scrubFreeText(text)).toBe(scrubbed)
  })

  it.each([
    ['GET https://a.example/x?token=1&b=2#c failed', 'GET https://a.example/x?<query> failed'],
    ['about:reader?url=https%3A%2F%2Fbank.example', 'about:reader?<query>'],
    ['www.example.com/s?q=illness', 'www.example.com/s?<query>'],
    ['https://joe:pw@a.example/', 'https://<user>@a.example/'],
    ['{"u":"https://a.example/?q=1\\"","v":2}', '{"u":"https://a.example/?<query>\\"","v":2}'],
    ['https://a.example/?', 'https://a.example/?'],
  ])('takes the query out of %j', (text, scrubbed) => {
    expect(scrubFreeText(text)).toBe(scrubbed)
  })

  it.each([
    ['key 5d41402abc4b2a76b9719d911017c592', 'key <secret>'],
    ['/srv/5D41402ABC4B2A76B9719D911017C592/x', '/srv/<secret>/x'],
    ['eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.x', '<secret>.x'],
    ['bearer q2Vd8Zk1L0pX+7sT/4mN9bYw3cRf6hJg==', 'bearer <secret>'],
    ['0bba929f-8721-460c-8e70-a43c95261123', '<secret>'],
  ])('takes the secret out of %j', (text, scrubbed) => {
    expect(scrubFreeText(text)).toBe(scrubbed)
  })

  it.each([
    'MOZ_RELEASE_ASSERT(isSomethingWithAVeryLongFunctionNameInside())',
    'java.lang.IllegalStateException: Foo@1a2b3c4d is not attached',
    '/builds/worker/checkouts/gecko/third_party/rust/wgpu-core/src/device/mod.rs:123',
    'SIGSEGV / SEGV_MAPERR',
    'core::option::Option<alloc::string::String>::unwrap_or_default',
    '[Child 1234, Main Thread] ###!!! ABORT: file x.cpp, line 12',
    'std::collections::hash_map::HashMapWithAVeryLongNameThatHasNoDigits',
    'user@host and 3@4',
    'AdapterVendorID: 0x8086, AdapterDeviceID: 0x3e92',
  ])('leaves %j alone', (text) => {
    expect(scrubFreeText(text)).toBe(text)
  })

  it.each(['joe@example.com', '5d41402abc4b2a76b9719d911017c592', 'Zq8cXy1aXw3Lp0Rk7Vt5Nb2Yc9Jd4Hf6Gs'])(
    'leaves the escape before %j in JSON',
    (secret) => {
      for (const before of ['\n', '\u0001', '\\', '\b', '"', '\ud800']) {
        const scrubbed = scrubFreeText(JSON.stringify(before + secret))
        expect(JSON.parse(scrubbed)).toMatch(/<(?:email|secret)>$/)
      }
    },
  )

  const mark = fc.constantFrom(
    '/home/',
    'C:\\Users\\',
    '@',
    '://',
    '?',
    'about:',
    '%40',
    '\\',
    '"',
    ' ',
    '.',
    '/',
    'a',
    '9',
    '<',
  )
  const messy = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.oneof(mark, fc.string({ maxLength: 8 }), fc.stringMatching(/^[A-Za-z0-9+/_-]{20,70}$/)))
      .map((parts) => parts.join('')),
  )

  it('changes nothing the second time, whatever the text', () => {
    fc.assert(
      fc.property(messy, (text) => {
        const once = scrubFreeText(text)
        expect(scrubFreeText(once)).toBe(once)
      }),
      { numRuns: 5_000 },
    )
  })

  it('leaves no canary in any surroundings', () => {
    const canary = fc.constantFrom(
      '/home/canary1/x',
      '/Users/canary1/x',
      'C:\\Users\\canary1\\x',
      'canary1@canary1.example',
      'https://h.example/p?canary1=canary1',
      'https://canary1:canary1@h.example/',
      '0a1b2c3d4e5f60718293a4b5c6d7e8f9canary1'.replace('canary1', ''),
      'Zq8canary1Xw3Lp0Rk7Vt5Nb2Yc9Jd4Hf6',
    )
    const around = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('(', '"', ' in ', '\n', ', ', '->'))
    fc.assert(
      fc.property(around, canary, around, (before, secret, after) => {
        const scrubbed = scrubFreeText(`${before} ${secret} ${after}`)
        expect(scrubbed).not.toMatch(/canary1|0a1b2c3d4e5f6071/)
      }),
      { numRuns: 5_000 },
    )
  })

  it('keeps JSON', () => {
    fc.assert(
      fc.property(fc.array(messy), (texts) => {
        expect(() => JSON.parse(scrubFreeText(JSON.stringify(texts)))).not.toThrow()
      }),
      { numRuns: 3_000 },
    )
  })

  it.each(['a', '@', 'a@', '\\', '/home/', 'C:\\Users\\a ', '://', '?', 'a.', '%40', '0', 'aB1', 'about:', '-'])(
    'takes no longer for many %j than for as much other text',
    (unit) => {
      const started = performance.now()
      scrubFreeText(unit.repeat(Math.ceil(1_000_000 / unit.length)))
      expect(performance.now() - started).toBeLessThan(3_000)
    },
  )
})
