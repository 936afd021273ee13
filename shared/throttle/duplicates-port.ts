import type { DayCounts, DuplicateCounts, KeepRule, Verdict } from './duplicate-counts.ts'
import type { Fingerprint } from './fingerprint.ts'

/** Continents as the platform names them, and `XX` for a request of which it does not know. */
export const CONTINENTS = ['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA', 'XX'] as const
export type Continent = (typeof CONTINENTS)[number]

/** Reads a continent's code; `XX` for what is none. */
export function continentOf(code: unknown): Continent {
  return CONTINENTS.find((continent) => continent === code) ?? 'XX'
}

/** Reports alike: one fingerprint on one continent. They are counted together, near to where they come from. */
export interface Alike {
  readonly fingerprint: Fingerprint
  readonly continent: Continent
}

/** Where reports alike are counted: the `Duplicates` objects. Each call is one round trip, and throws where they do not answer. */
export interface Duplicates {
  /** Counts a report and says whether to keep it. */
  count(alike: Alike, rule: KeepRule): Promise<Verdict>
  /** Counts a report that is kept in any case. */
  countExempt(alike: Alike): Promise<void>
  /** Takes the signature that the processor found for a kept one. */
  noteSignature(alike: Alike, signature: string, lists: string): Promise<void>
  /** What was counted; null where nothing was within the last month. */
  read(alike: Alike): Promise<DuplicateCounts | null>
}

/** What is known of one fingerprint, all continents together. */
export interface FingerprintCounts {
  /** Oldest first, the last 28 days. */
  readonly days: readonly (readonly [day: string, DayCounts])[]
  readonly mixed: boolean
}

/** The RPC port of the collector for those who know more, or want to know, about reports alike. */
export interface DuplicatesRpc {
  /** From the processor: the signature of a kept crash. `lists`: the hash of the signature lists that made it. */
  noteSignature(alike: Alike, signature: string, lists: string): Promise<void>
  counts(fingerprint: Fingerprint): Promise<FingerprintCounts>
}
