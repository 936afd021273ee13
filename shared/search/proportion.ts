/** A share, or a difference of shares, with what it may as well be. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** So many of a group. */
export interface Proportion {
  readonly count: number
  readonly of: number
}

/** Standard deviations to each side that hold 95 % of a normal distribution. */
export const Z_95 = 1.959964

/**
 * Wilson's score interval of a proportion p of n (E. B. Wilson, Probable inference, 1927): the shares q for which p is within z deviations of q, which is
 *
 *     (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)
 *
 * It stays within 0 and 1, and is right for few reports too. Of nothing it is everything.
 */
export function wilsonInterval({ count, of }: Proportion, z: number = Z_95): Interval {
  if (of === 0) return { low: 0, high: 1 }
  const share = count / of
  const z2 = z * z
  const middle = share + z2 / (2 * of)
  const half = z * Math.sqrt((share * (1 - share)) / of + z2 / (4 * of * of))
  const scale = 1 + z2 / of
  return { low: Math.max(0, (middle - half) / scale), high: Math.min(1, (middle + half) / scale) }
}

/**
 * The interval of `a`'s share minus `b`'s, of two groups that have no report in common: Newcombe's hybrid of two score intervals (R. G. Newcombe, Interval estimation
 * for the difference between independent proportions, 1998, method 10). With the Wilson intervals l₁…u₁ of p₁ and l₂…u₂ of p₂ and d = p₁ − p₂ it is
 *
 *     d − √((p₁ − l₁)² + (u₂ − p₂)²)   to   d + √((u₁ − p₁)² + (p₂ − l₂)²)
 *
 * It holds what it says where counts are small or a share is 0 or 1, as the textbook's d ± z·SE does not.
 */
export function differenceInterval(a: Proportion, b: Proportion, z: number = Z_95): Interval {
  const [shareA, shareB] = [shareOf(a), shareOf(b)]
  const [ofA, ofB] = [wilsonInterval(a, z), wilsonInterval(b, z)]
  const difference = shareA - shareB
  return {
    low: difference - Math.hypot(shareA - ofA.low, ofB.high - shareB),
    high: difference + Math.hypot(ofA.high - shareA, shareB - ofB.low),
  }
}

/** A group's share; 0 of an empty one. */
export function shareOf({ count, of }: Proportion): number {
  return of === 0 ? 0 : count / of
}

/**
 * The chance that a random group of `drawn` reports out of `of` has at least `count` of the `marked` ones: Fisher's exact test, one-sided,
 *
 *     Σ C(marked, k) · C(of − marked, drawn − k) / C(of, drawn)   for k from count on
 *
 * Exact for few reports and rare values, where tests by a normal distribution raise false alarms.
 */
export function chanceOfAtLeast(count: number, drawn: number, marked: number, of: number): number {
  const most = Math.min(drawn, marked)
  const least = Math.max(0, drawn + marked - of)
  if (count <= least) return 1
  if (count > most) return 0
  let term = Math.exp(logChoose(marked, count) + logChoose(of - marked, drawn - count) - logChoose(of, drawn))
  let sum = 0
  for (let k = count; k <= most && (k <= (drawn * marked) / of || term > sum * 1e-12); k++) {
    sum += term
    term *= ((marked - k) * (drawn - k)) / ((k + 1) * (of - marked - drawn + k + 1))
  }
  return Math.min(1, sum)
}

function logChoose(of: number, drawn: number): number {
  return logFactorial(of) - logFactorial(drawn) - logFactorial(of - drawn)
}

const FACTORIALS = Array.from({ length: 30 }, () => 0)
for (let n = 2; n < FACTORIALS.length; n++) FACTORIALS[n] = (FACTORIALS[n - 1] ?? 0) + Math.log(n)

/** Stirling's series, to ten digits from 30 on. */
function logFactorial(n: number): number {
  return FACTORIALS[n] ?? n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n) - 1 / (360 * n * n * n)
}
