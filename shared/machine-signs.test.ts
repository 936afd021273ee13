import { describe, expect, it } from 'vitest'
import { MACHINE_SIGNS, machineProblems } from './machine-signs.ts'

describe('signs that the computer may have a problem', () => {
  it.each([
    [{ possible_bit_flips_max_confidence: 74 }, []],
    [{ possible_bit_flips_max_confidence: 75 }, ['memory']],
    [{ possible_bit_flips_max_confidence: '97' }, []],
    [{ reason: 'SIGBUS / BUS_MCEERR_AR' }, ['memory']],
    [{ reason: 'SIGBUS / BUS_ADRERR' }, []],
    [{ reason: 'EXCEPTION_IN_PAGE_ERROR_READ / STATUS_DEVICE_DATA_ERROR' }, ['disk']],
    [{ reason: 'EXC_BAD_ACCESS / KERN_MEMORY_ERROR' }, ['disk']],
    [{ reason: 'EXC_BAD_ACCESS / KERN_INVALID_ADDRESS' }, []],
    [{ reason: 'EXCEPTION_ACCESS_VIOLATION_READ' }, []],
    [{ oom_allocation_size: 0 }, []],
    [{ oom_allocation_size: 1 }, ['out_of_memory']],
    [{ oom_allocation_size: null }, []],
    [{ reason: 'Out of Memory' }, ['out_of_memory']],
    [{ signature: 'OOM | small' }, ['out_of_memory']],
    [{ signature: 'OOMWatcher::Run' }, []],
    [{}, []],
  ])('%j: %j', (crash, problems) => {
    expect(machineProblems(crash)).toEqual(problems)
  })

  it('say each problem once, whatever number of signs there is', () => {
    const crash = { signature: 'OOM | large', oom_allocation_size: 9, possible_bit_flips_max_confidence: 99 }
    expect(machineProblems(crash)).toEqual(['memory', 'out_of_memory'])
  })

  it('have a reason each', () => {
    for (const { why } of MACHINE_SIGNS) expect(why.length).toBeGreaterThan(40)
  })
})
