import { describe, expect, it } from 'vitest'
import { MAX_INDEXED_CHARS, MAX_SIGNATURE_HISTORY } from '#shared/limits.ts'
import { scrubFreeText } from '#shared/scrub.ts'
import { signatureHistory, UNSIGNED } from './signature-history.ts'

const signed = (signature: string, more: Record<string, unknown> = {}) => ({
  signature,
  signature_version: '1',
  signature_lists_hash: 'l1',
  proto_signature: 'a | b',
  ...more,
})

/** Processes a crash once for each of these signatures; answers what is stored in the end. */
function processedAs(...names: readonly string[]): Record<string, unknown> {
  return names.reduce<Record<string, unknown>>((earlier, name) => {
    const processed = signed(name)
    return JSON.parse(JSON.stringify({ ...processed, ...signatureHistory(earlier, processed, null) }))
  }, {})
}

const lineageOf = (crash: Record<string, unknown>) => crash.signature_lineage

describe('signatureHistory', () => {
  it.each<[string, Record<string, unknown>, readonly string[]]>([
    ['lists', { signature_lists_hash: 'l2' }, ['signature_lists']],
    ['the algorithm', { signature_version: '2', proto_signature: 'a' }, ['signature_algorithm']],
    ['symbols', { proto_signature: 'c | d' }, ['stackwalk']],
    ['lists and symbols', { signature_lists_hash: 'l2', proto_signature: 'c' }, ['signature_lists', 'stackwalk']],
    ['a rule', {}, ['processor']],
  ])('says what changed the signature: %s', (_what, change, changed_by) => {
    expect(signatureHistory(signed('a'), signed('b', change), null).signature_history).toMatchObject([{ changed_by }])
  })

  it('is nothing for a first processing, and for one that changed nothing', () => {
    expect(lineageOf(processedAs('a'))).toBeUndefined()
    expect(lineageOf(processedAs('a', 'a'))).toBeUndefined()
    expect(processedAs('a', 'a')).not.toHaveProperty('signature_history')
  })

  it('overlooks processing in which the signature rule failed', () => {
    expect(lineageOf(processedAs('a', UNSIGNED))).toBeUndefined()
    expect(lineageOf(processedAs('a', UNSIGNED, 'a'))).toBeUndefined()
    expect(lineageOf(processedAs('a', UNSIGNED, 'b'))).toBe('["b","a"]')
    expect(lineageOf(processedAs(UNSIGNED, 'a'))).toBeUndefined()
  })

  it('keeps the newest, so that the index can hold their whole text', () => {
    const names = Array.from({ length: MAX_SIGNATURE_HISTORY + 3 }, (_, n) => '"'.repeat(252) + String(n).padStart(3))
    const crash = processedAs(...names)
    const lineage = JSON.parse(String(lineageOf(crash)))
    expect(lineage).toEqual(names.toReversed().slice(0, MAX_SIGNATURE_HISTORY + 1))
    expect(String(lineageOf(crash)).length).toBeLessThanOrEqual(MAX_INDEXED_CHARS)
  })

  it('scrubs signatures that were made before scrubbing was on', () => {
    const secret = `token=${'0123456789abcdef'.repeat(3)}`
    const history = signatureHistory(
      { ...signed(`f ${secret}`), signature_history: [{ signature: `e ${secret}` }] },
      signed('g'),
      scrubFreeText,
    )
    expect(JSON.stringify(history)).not.toContain('0123456789abcdef')
    expect(history.signature_history).toHaveLength(2)
  })

  it.each([[null], ['text'], [[1, null, 'x']], [{}]])(
    'takes a history of another form for what it can: %j',
    (known) => {
      const stored = { ...signed('a'), signature_history: known }
      expect(signatureHistory(stored, signed('b'), null).signature_lineage).toBe('["b","a"]')
    },
  )
})
