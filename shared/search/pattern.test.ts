import { describe, expect, it } from 'vitest'
import { MAX_PATTERN_STEPS } from '../limits.ts'
import { compilePattern, type PatternWork } from './pattern.ts'

/** Texts of two letters, the same every time, none like another. */
function noise(count: number, chars: number): readonly string[] {
  let state = 1
  const letter = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return state & 0x10000 ? 'a' : 'b'
  }
  return Array.from({ length: count }, () => Array.from({ length: chars }, letter).join(''))
}

const signatures = Array.from({ length: 20_000 }, (_, n) => `mozilla::dom::Element${n}::Run | js::jit::Enter${n % 77}`)

describe('a pattern', () => {
  it('is of the whole value', () => {
    const isMatch = compilePattern('js|ns(?s:.)*', { steps: 0, isOver: false })
    expect(['js', 'jsx', 'xjs', 'ns', 'nsA\nB'].map(isMatch)).toEqual([true, false, false, true, true])
  })

  it.each([
    '(?s:.)*Element1[0-9]*::Run(?s:.)*',
    '(?:mozilla|js|gfx|nss)::(?s:.)*Enter7(?s:.)*',
    '[a-z:]*(?:[A-Z][a-z]+[0-9]*)?(?s:.)*',
  ])('as people write them is affordable over all signatures of a week: %s', (text) => {
    const work: PatternWork = { steps: 0, isOver: false }
    const isMatch = compilePattern(text, work)
    expect(signatures.filter(isMatch).length).toBeGreaterThan(0)
    expect(work.isOver).toBe(false)
    expect(work.steps).toBeLessThan(MAX_PATTERN_STEPS / 10)
  })

  it('that is hostile is given up after about two seconds, and finds nothing from then on', () => {
    const work: PatternWork = { steps: 0, isOver: false }
    const isMatch = compilePattern('(?:a|b)*a(?:a|b){60}', work)
    const texts = noise(3_000, 100)
    const asked = texts.findIndex((text) => {
      isMatch(text)
      return work.isOver
    })
    expect(asked).toBeGreaterThan(100)
    expect(asked).toBeLessThan(2_000)
    expect(isMatch(`a${'b'.repeat(60)}`)).toBe(false)
  })
})
