import { RE2JS } from 're2js'
import { MAX_PATTERN_STEPS } from '../limits.ts'

/** What the patterns of one query have cost so far, in steps of about 5 ns. Beyond MAX_PATTERN_STEPS they find nothing more. */
export interface PatternWork {
  steps: number
  isOver: boolean
}

/** A character costs so much while the matcher knows the state that it leads to. */
const KNOWN_STATE_STEPS = 10
/** A state that is met for the first time costs so much for each instruction of the pattern. */
const NEW_STATE_STEPS = 50

/**
 * A pattern in the syntax of RE2 as a question about a whole text. It always takes linear time, but `(a|b)*a(a|b){60}` meets a new state at almost every
 * character, which is a thousand times as costly as `js.*Run`. So the cost is counted by states, because in a Durable Object no clock moves
 * while it computes.
 */
export function compilePattern(text: string, work: PatternWork): (value: string) => boolean {
  const pattern = RE2JS.compile(text)
  const size = pattern.programSize()
  const matcher = pattern.re2()
  return (value) => {
    if (work.isOver) return false
    const statesBefore = matcher.dfa.stateCount
    const isMatch = pattern.testExact(value)
    const newStates = matcher.dfa.stateCount - statesBefore
    // Fewer than before: there were so many that it began anew, or went on without.
    const met = newStates < 0 ? value.length : newStates
    work.steps += value.length * KNOWN_STATE_STEPS + met * size * NEW_STATE_STEPS
    work.isOver = work.steps > MAX_PATTERN_STEPS
    return isMatch
  }
}
