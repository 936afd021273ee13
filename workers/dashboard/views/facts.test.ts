import { describe, expect, it } from 'vitest'
import { crashBadges, crashFacts, crashHeadline } from './facts.ts'

const all = (crash: Record<string, unknown>) => Object.values(crashFacts(crash)).flat()
const fact = (crash: Record<string, unknown>, name: string) => all(crash).find((one) => one.name === name)

describe('crashFacts', () => {
  it('holds nothing for an empty processed crash', () => {
    expect(all({})).toEqual([])
  })

  it('falls back to the stackwalk where a rule left nothing', () => {
    const crash = {
      json_dump: {
        crash_info: {
          type: 'SIGSEGV',
          address: '0x10',
        },
        system_info: { os: 'Linux', os_ver: '6.1', cpu_arch: 'amd64', cpu_info: 'family 25', cpu_count: 2 },
      },
    }
    expect(fact(crash, 'Reason')).toMatchObject({ text: 'SIGSEGV' })
    expect(fact(crash, 'Address')).toMatchObject({ text: '0x10' })
    expect(fact(crash, 'OS')).toMatchObject({ text: 'Linux' })
    expect(fact(crash, 'CPU')).toMatchObject({ text: 'family 25, 2 processors' })
  })

  it('says that an address is a null pointer with an offset', () => {
    const crash = {
      address: '0x0000000000000010',
      json_dump: { crash_info: { adjusted_address: { kind: 'null-pointer', offset: '0x0000000000000010' } } },
    }
    expect(fact(crash, 'Address')).toMatchObject({ text: '0x0000000000000010 (null pointer + 0x10)' })
  })

  it('shows memory in the unit that people read, with the exact count', () => {
    const crash = { oom_allocation_size: '1572864', total_physical_memory: 512, system_memory_use_percentage: 93 }
    expect(crashFacts(crash).memory).toMatchObject([
      { name: 'Allocation that failed', text: '1.5 MiB (1,572,864)' },
      { name: 'Physical, whole', text: '512 bytes' },
      { text: '93 % in use' },
    ])
  })

  it('has a headline: reason, address and what the product said', () => {
    expect(crashHeadline({ reason: 'SIGSEGV', address: '0x0', moz_crash_reason: 'MOZ_CRASH(no)' })).toBe(
      'SIGSEGV at 0x0 · MOZ_CRASH(no)',
    )
    expect(crashHeadline({ abort_message: 'out' })).toBe('out')
    expect(crashHeadline({})).toBeNull()
  })

  it('reads the processed crash under its own keys', () => {
    const crash = {
      build: '20261122',
      uptime: 61,
      client_crash_date: '2026-11-23T02:51:00+00:00',
      process_type: 'parent',
    }
    expect(fact(crash, 'Build')).toMatchObject({ text: '20261122', code: true })
    expect(fact(crash, 'Uptime')).toMatchObject({ text: '1 min 1 s (61 s)' })
    expect(fact(crash, 'Crashed')).toMatchObject({ kind: 'time', atMs: Date.UTC(2026, 10, 23, 2, 51) })
    expect(fact(crash, 'Process type')).toMatchObject({ text: 'parent (main process)' })
  })

  it('renders any type in any place', () => {
    const odd = [null, [], {}, 7, 'x', true, [null], { a: {} }]
    const keys = [
      'reason',
      'address',
      'product',
      'version',
      'build',
      'uptime',
      'cpu_count',
      'client_crash_date',
      'json_dump',
      'java_stack_trace',
      'crash_inconsistencies',
    ]
    for (const value of odd) {
      const crash = Object.fromEntries(keys.map((key) => [key, value]))
      expect(() => [crashFacts(crash), crashBadges(crash)]).not.toThrow()
    }
    expect(() => crashFacts({ json_dump: { crash_info: [], system_info: 'x' } })).not.toThrow()
  })
})

describe('crashBadges', () => {
  it('warns of a bit flip, and more so from 75 % on', () => {
    expect(crashBadges({ possible_bit_flips_max_confidence: 43 })).toMatchObject([
      { text: 'bit flip 43 %', tone: 'warn' },
    ])
    expect(crashBadges({ possible_bit_flips_max_confidence: 75 })).toMatchObject([{ tone: 'bad' }])
    expect(crashBadges({})).toEqual([])
  })
})
