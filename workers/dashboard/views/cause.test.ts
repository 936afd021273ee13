import { describe, expect, it } from 'vitest'
import { causeOf, hasCause } from './cause.ts'

const causeIn = (crash_info: unknown, crash: Record<string, unknown> = {}) =>
  causeOf({ ...crash, json_dump: { crash_info } })

describe('causeOf', () => {
  it('reads the instruction, its memory accesses and where it would have gone on', () => {
    const cause = causeIn({
      instruction: 'mov rax, qword [rdi]',
      memory_accesses: [
        { access_type: 'read', address: '0x10', size: 8, is_likely_guard_page: true },
        { access_type: 'write', address: '0x20', size: 1 },
        { size: 4 },
      ],
      instruction_pointer_update: { kind: 'jump', address: '0x0' },
    })
    expect(cause).toMatchObject({
      instruction: 'mov rax, qword [rdi]',
      accesses: [
        { what: 'read 8 bytes', address: '0x10', guardPage: true },
        { what: 'write 1 byte', address: '0x20', guardPage: false },
      ],
      jump: 'jump to 0x0',
    })
    expect(hasCause(cause)).toBe(true)
  })

  it('lists bit flips with their confidence, the most likely first, and what speaks for each', () => {
    const { bitFlips } = causeIn({
      possible_bit_flips: [
        { address: '0x1', confidence: 0.4375, source_register: 'rdx', details: { is_null: true, was_low: true } },
        { address: '0x2', confidence: 0.97, details: { was_non_canonical: true, nearby_registers: 2 } },
        { confidence: 1 },
      ],
    })
    expect(bitFlips.map(({ address, confidencePercent }) => [address, confidencePercent])).toEqual([
      ['0x2', 97],
      ['0x1', 43],
    ])
    expect(bitFlips[0]?.details).toEqual([
      'the address as it was is impossible on this CPU',
      '2 other registers are near it',
    ])
    expect(bitFlips[1]).toMatchObject({
      register: 'rdx',
      details: [expect.stringContaining('null'), expect.any(String)],
    })
  })

  it('says inconsistencies in words, also those that it does not know', () => {
    const { inconsistencies } = causeIn(
      {},
      { crash_inconsistencies: ['int_div_by_zero_not_possible', 'new_thing', null] },
    )
    expect(inconsistencies).toEqual([
      'a division by zero is reported, but the instruction does not divide',
      'new thing',
    ])
  })

  it('reads any type in any place', () => {
    for (const odd of [null, 7, 'x', [], {}, [null], [[]], [{ address: {}, confidence: 'x', details: 5 }]]) {
      const cause = causeIn({
        instruction: null,
        memory_accesses: odd,
        possible_bit_flips: odd,
        instruction_pointer_update: odd,
        crash_inconsistencies: odd,
      })
      expect(typeof hasCause(cause)).toBe('boolean')
    }
    expect(hasCause(causeOf({}))).toBe(false)
  })
})
