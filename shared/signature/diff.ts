/** What a change of the lists does to crashes: which signatures become one, several or another. */

/** One crash, signed twice. `crash` names it for whoever looks: a crash id, or a line. */
export interface ResignedCrash {
  readonly crash: string
  readonly before: string
  readonly after: string
}

/** A signature on the other side of the change, with its crashes. */
export interface SignatureShare {
  readonly signature: string
  readonly crashes: number
  /** A few of these crashes, in the order they came. */
  readonly examples: readonly string[]
}

/** Several signatures that become one: crashes that will look like one problem. */
export interface MergedSignatures {
  readonly to: string
  readonly crashes: number
  readonly from: readonly SignatureShare[]
}

/** One signature that becomes several. */
export interface SplitSignature {
  readonly from: string
  readonly crashes: number
  readonly to: readonly SignatureShare[]
}

/** One signature that becomes another one, whole. */
export interface RenamedSignature {
  readonly from: string
  readonly to: string
  readonly crashes: number
  readonly examples: readonly string[]
}

/**
 * The change as a whole, each list by most crashes first. A signature of which a part moves into another shows in `split` and in `merged`; every crash is in
 * at least one of the four.
 */
export interface SignatureDiff {
  readonly crashes: number
  /** Crashes whose signature is not what it was. */
  readonly changed: number
  readonly unchanged: { readonly signatures: number; readonly crashes: number }
  readonly merged: readonly MergedSignatures[]
  readonly split: readonly SplitSignature[]
  readonly renamed: readonly RenamedSignature[]
}

const EXAMPLES = 3

interface Pair {
  readonly before: string
  readonly after: string
  crashes: number
  readonly examples: string[]
}

/** Compares. Memory grows with the number of different signatures, not of crashes, so it takes a stream of any length. */
export function diffSignatures(crashes: Iterable<ResignedCrash>): SignatureDiff {
  const counts = new SignaturePairs()
  for (const crash of crashes) counts.add(crash)
  return counts.diff()
}

/** {@link diffSignatures} for crashes that come one by one. */
export class SignaturePairs {
  readonly #byBefore = new Map<string, Map<string, Pair>>()
  readonly #byAfter = new Map<string, Pair[]>()

  add({ crash, before, after }: ResignedCrash): void {
    const pair = this.#pairOf(before, after)
    pair.crashes += 1
    if (pair.examples.length < EXAMPLES) pair.examples.push(crash)
  }

  #pairOf(before: string, after: string): Pair {
    const ofBefore = this.#byBefore.get(before) ?? new Map<string, Pair>()
    this.#byBefore.set(before, ofBefore)
    const known = ofBefore.get(after)
    if (known !== undefined) return known
    const pair: Pair = { before, after, crashes: 0, examples: [] }
    ofBefore.set(after, pair)
    const ofAfter = this.#byAfter.get(after)
    if (ofAfter === undefined) this.#byAfter.set(after, [pair])
    else ofAfter.push(pair)
    return pair
  }

  diff(): SignatureDiff {
    const unchanged = { signatures: 0, crashes: 0 }
    const merged: MergedSignatures[] = []
    const split: SplitSignature[] = []
    const renamed: RenamedSignature[] = []
    let changed = 0

    for (const [from, pairsByAfter] of this.#byBefore) {
      const pairs = [...pairsByAfter.values()]
      changed += crashesOf(pairs.filter(({ before, after }) => before !== after))
      const [only] = pairs
      if (pairs.length > 1) {
        split.push({ from, crashes: crashesOf(pairs), to: shares(pairs, 'after') })
      } else if (only !== undefined && this.#byAfter.get(only.after)?.length === 1) {
        const { after: to, crashes, examples } = only
        if (from !== to) renamed.push({ from, to, crashes, examples })
        else {
          unchanged.signatures += 1
          unchanged.crashes += crashes
        }
      }
    }
    for (const [to, pairs] of this.#byAfter) {
      if (pairs.length > 1) merged.push({ to, crashes: crashesOf(pairs), from: shares(pairs, 'before') })
    }
    const crashes = [...this.#byAfter.values()].reduce((sum, pairs) => sum + crashesOf(pairs), 0)
    return {
      crashes,
      changed,
      unchanged,
      merged: merged.sort(mostCrashesFirst),
      split: split.sort(mostCrashesFirst),
      renamed: renamed.sort(mostCrashesFirst),
    }
  }
}

function shares(pairs: readonly Pair[], side: 'before' | 'after'): readonly SignatureShare[] {
  return pairs
    .map((pair) => ({ signature: pair[side], crashes: pair.crashes, examples: pair.examples }))
    .sort(mostCrashesFirst)
}

function crashesOf(pairs: readonly Pair[]): number {
  return pairs.reduce((sum, { crashes }) => sum + crashes, 0)
}

function mostCrashesFirst(left: { readonly crashes: number }, right: { readonly crashes: number }): number {
  return right.crashes - left.crashes
}
