import { describe, expect, it } from 'vitest'
import { ANONYMOUS } from '../auth/permissions.ts'
import { PING_FIELDS, queryOfPings } from './crash-pings.ts'
import { BUILT_IN_FIELDS } from './fields.ts'
import { parseSearchQuery } from './query.ts'

const asked = (text: string) => {
  const parsed = parseSearchQuery(new URLSearchParams(text), ANONYMOUS, Date.UTC(2026, 10, 23))
  if (parsed.kind === 'bad') throw new Error(parsed.message)
  return queryOfPings(parsed.query)
}

describe('queryOfPings', () => {
  it('asks for the same signature, product and time', () => {
    const query = asked('signature=%3Djs::Run&product=WaterWolf&report_type=crash&date=>=2026-11-20')
    expect(query?.filters.map(({ field }) => field.name)).toEqual(['signature', 'product'])
    expect(query?.date.from.at).toContain('2026-11-20')
  })

  it('asks nothing where a filter is of what no ping says, or of hangs', () => {
    for (const filter of ['cpu_arch=arm64', 'build_id=>=20261101000000', 'report_type=hang', 'report_type=!crash']) {
      expect(asked(`product=WaterWolf&${filter}`), filter).toBeNull()
    }
  })
})

describe('PING_FIELDS', () => {
  it('are public search fields', () => {
    for (const name of PING_FIELDS) expect(BUILT_IN_FIELDS.find(name)?.permission, name).toBe('public')
  })
})
