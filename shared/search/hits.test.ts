import { describe, expect, it } from 'vitest'
import { fitHits } from './hits.ts'

describe('a page of hits', () => {
  it('is left as it is when it fits', () => {
    const hits = [{ signature: 'x'.repeat(10), uptime: null }]
    expect(fitHits(hits, 100)).toEqual({ hits, isCut: false })
  })

  it('has its long texts cut to their share when it does not, and numbers left alone', () => {
    const hits = [{ signature: 'x'.repeat(100), uptime: 5 }]
    expect(fitHits(hits, 60)).toEqual({ hits: [{ signature: 'x'.repeat(10), uptime: 5 }], isCut: true })
  })
})
