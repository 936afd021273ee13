import { describe, expect, it } from 'vitest'
import { BUILT_IN_REGISTRY } from '#shared/annotations/registry.ts'
import { annotationsOf as annotationsIn } from './annotations.ts'

const annotationsOf = (rawCrash: unknown) => annotationsIn(rawCrash, BUILT_IN_REGISTRY)

describe('annotationsOf', () => {
  it('marks protected and unlisted annotations, sorts by name and leaves out what the collector added', () => {
    const { rows } = annotationsOf({
      uuid: 'x',
      metadata: { payload: 'json' },
      submitted_timestamp: 't',
      Zebra: 'unlisted',
      ProductName: 'WaterWolf',
      Comments: 'it broke',
    })
    expect(rows.map(({ name, protected: isProtected }) => [name, isProtected])).toEqual([
      ['Comments', true],
      ['ProductName', false],
      ['Zebra', true],
    ])
  })

  it('shows any type as text', () => {
    expect(annotationsOf({ A: { b: 1 }, C: null, D: 5, E: [] }).rows.map(({ value }) => value)).toEqual([
      '{"b":1}',
      '',
      '5',
      '[]',
    ])
    for (const raw of [null, undefined, [], 'x', 7]) expect(annotationsOf(raw).rows).toEqual([])
  })

  it('cuts at 1,000 and counts the rest', () => {
    const many = Object.fromEntries(Array.from({ length: 1_200 }, (_, at) => [`K${at}`, 'v']))
    const { rows, notShown } = annotationsOf(many)
    expect([rows.length, notShown]).toEqual([1_000, 200])
  })
})
