import { describe, expect, it } from 'vitest'
import { chosenGroup, correlationGroups, filtersOfGroup, groupText, withGroup } from './correlation-groups.ts'

const FACETS = {
  product: [
    {
      term: 'WaterWolf',
      count: 10,
      facets: {
        version: [
          { term: '1.0', count: 6, facets: { release_channel: [{ term: 'release', count: 4 }] } },
          { term: '!odd', count: 1, facets: {} },
        ],
      },
    },
  ],
}

describe('correlationGroups', () => {
  it('finds groups of product, version and channel, those that lack one too, and none that cannot be asked for', () => {
    expect(correlationGroups(FACETS)).toEqual([
      { product: 'WaterWolf', version: '1.0', channel: 'release', stored: 4 },
      { product: 'WaterWolf', version: null, channel: null, stored: 3 },
      { product: 'WaterWolf', version: '1.0', channel: null, stored: 2 },
    ])
  })

  it('is chosen by the address and asks for itself in place of what the page asks', () => {
    const groups = correlationGroups(FACETS)
    const [first, second] = groups
    if (first === undefined || second === undefined) throw new Error('no groups')
    expect(chosenGroup(new URLSearchParams(), groups)).toBe(first)
    expect(chosenGroup(withGroup(new URLSearchParams('signature=a'), second), groups)).toBe(second)
    expect(chosenGroup(new URLSearchParams(), [])).toBeNull()
    expect(filtersOfGroup(new URLSearchParams('version=9&cpu_arch=x86'), second).toString()).toBe(
      'cpu_arch=x86&product=WaterWolf&version=__null__&release_channel=__null__',
    )
    expect(groupText(second)).toBe('WaterWolf · no version · no channel')
  })
})
