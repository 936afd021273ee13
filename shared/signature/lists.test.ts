import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { crashDataOf } from './crash-data.ts'
import { DEFAULT_LIST_TEXTS, defaultSignatureLists } from './default-lists.ts'
import { generateSignature } from './generate.ts'
import { readSignatureLists, type SignatureLists, type SignatureListTexts } from './lists.ts'

const EMPTY: SignatureListTexts = { irrelevant: '', prefix: '', sentinels: '', withLineNumbers: '' }

function read(texts: Partial<SignatureListTexts>): SignatureLists {
  const reading = readSignatureLists({ ...EMPTY, ...texts })
  if (reading.kind !== 'read') throw new Error(reading.pattern)
  return reading.lists
}

describe('readSignatureLists', () => {
  it('skips comments and empty lines and trims the others, with any line end', () => {
    const lists = read({ prefix: '# abc\r\n\n  foo \r\nbar' })
    expect(lists.prefix.matches('foobar')).toBe(true)
    expect(lists.prefix.matches('bar')).toBe(true)
    expect(lists.prefix.matches('abc')).toBe(false)
  })

  it('matches at the start only', () => {
    expect(read({ prefix: 'b|c' }).prefix.matches('ab')).toBe(false)
  })

  it('lets an empty list match nothing', () => {
    expect(read({}).irrelevant.matches('anything')).toBe(false)
    expect(read({}).irrelevant.matches('')).toBe(false)
  })

  it('names the file and line of a pattern that does not compile', () => {
    expect(readSignatureLists({ ...EMPTY, sentinels: 'fine\n\nwr(ong' })).toEqual({
      kind: 'bad_pattern',
      file: 'signature_sentinels.txt',
      line: 3,
      pattern: 'wr(ong',
    })
  })

  it('has one hash for the same entries and another for others', () => {
    expect(read({ prefix: 'a\nb' }).hash).toBe(read({ prefix: '# comment\na\n\nb\n' }).hash)
    expect(read({ prefix: 'a\nb' }).hash).not.toBe(read({ irrelevant: 'a\nb' }).hash)
    expect(read({ prefix: 'a\nb' }).hash).toMatch(/^[0-9a-f]{16}$/)
  })
})

describe('the default lists', () => {
  const lists = defaultSignatureLists()
  const fixture = (name: string) =>
    JSON.parse(new TextDecoder().decode(gunzipSync(readFileSync(`test/fixtures/crashes/json/${name}.json.gz`))))

  it.each([
    ['null_chain', 'read_value'],
    ['jump_null', '@0x0 | dispatch'],
    ['heap_threads', '__libc_free | worker'],
    ['templates', 'Rec<T>::go<T>::{lambda#1}::operator()'],
    ['panic_abort', 'core::option::expect_failed | core::option::Option<T>::expect | panic_abort::total::{{closure}}'],
  ])('sign the real crash %s by its cause', (name, signature) => {
    expect(generateSignature(crashDataOf({ json_dump: fixture(name) }), lists).signature).toBe(signature)
  })

  it.each([
    [
      'a Windows exception',
      ['RaiseException', '_CxxThrowException', 'std::vector<T>::_Xlength', 'app::load'],
      'std::vector<T>::_Xlength | app::load',
    ],
    [
      'an abort on macOS',
      ['__pthread_kill', 'abort', 'malloc_error_break', 'app::free_twice'],
      'malloc_error_break | app::free_twice',
    ],
    [
      'a deadlock',
      ['__lll_lock_wait', 'pthread_mutex_lock', 'app::lock'],
      '__lll_lock_wait | pthread_mutex_lock | app::lock',
    ],
    [
      'a memcpy into a bad buffer',
      ['__memmove_avx_unaligned_erms', 'app::copy'],
      '__memmove_avx_unaligned_erms | app::copy',
    ],
    [
      'an uncaught C++ exception',
      ['raise', 'abort', '__cxxabiv1::__terminate(void (*)())', 'std::terminate()', '__cxa_throw', 'app::parse'],
      'app::parse',
    ],
    ['a library without symbols', [], 'EMPTY: no frame data available'],
  ])('sign %s by the program, not by the machinery', (_, functions, signature) => {
    const threads = [{ frames: functions.map((name) => ({ function: name })) }]
    expect(generateSignature({ threads }, lists).signature).toBe(signature)
  })

  it('are not slow on hostile names', () => {
    const threads = [{ frames: Array.from({ length: 40 }, () => ({ function: `lib${'a.'.repeat(41_000)}` })) }]
    const startedAt = performance.now()
    generateSignature({ threads }, lists)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })

  it('hold no empty pattern, which would match every frame', () => {
    for (const text of Object.values(DEFAULT_LIST_TEXTS)) {
      for (const line of text.split('\n')) {
        if (line.trim() !== '' && !line.startsWith('#'))
          expect(new RegExp(`^(?:${line.trim()})`).test(''), line).toBe(false)
      }
    }
  })
})
