import { describe, expect, it } from 'vitest'
import type { Annotations } from '../raw-crash.ts'
import { ACCEPT_EVERYTHING, type Ruleset, throttle } from './ruleset.ts'

const equals = (annotation: string, value: string) => ({ annotation, op: 'equals', value }) as const
const ruleset: Ruleset = {
  version: 1,
  name: 'test',
  rules: [
    {
      name: 'no_beta_wolves',
      when: { all: [equals('ProductName', 'WaterWolf'), equals('ReleaseChannel', 'beta')] },
      result: 'reject',
    },
    { name: 'zero', when: { all: [equals('Throttleable', '0')] }, result: 'accept' },
    { name: 'none', when: { all: [equals('PHCKind', 'None')] }, result: 'reject' },
  ],
}

const decide = (annotations: Annotations) => throttle(annotations, ruleset)

describe('throttle', () => {
  it('accepts everything by the built-in ruleset', () => {
    expect(throttle({}, ACCEPT_EVERYTHING)).toEqual({ kind: 'accept', rule: 'accept_everything' })
  })

  it('takes the first rule whose conditions all hold', () => {
    expect(decide({ ProductName: 'WaterWolf', ReleaseChannel: 'beta', Throttleable: '0' })).toEqual({
      kind: 'reject',
      rule: 'no_beta_wolves',
    })
    expect(decide({ ProductName: 'WaterWolf', ReleaseChannel: 'nightly', Throttleable: '0' })).toEqual({
      kind: 'accept',
      rule: 'zero',
    })
  })

  it('rejects a report that no rule matches', () => {
    expect(decide({ ProductName: 'WaterWolf' })).toEqual({ kind: 'reject', rule: 'NO_MATCH' })
  })

  it('compares JSON values as the peer does: 0 is "0", null is "None"', () => {
    expect(decide({ Throttleable: 0 }).rule).toBe('zero')
    expect(decide({ PHCKind: null }).rule).toBe('none')
    expect(decide({ Throttleable: ['0'] }).rule).toBe('NO_MATCH')
  })
})
