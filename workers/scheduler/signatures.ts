import { z } from 'zod'
import { ANONYMOUS } from '#shared/auth/permissions.ts'
import type { Clock } from '#shared/clock.ts'
import type { SignatureChange, SignatureFirst, SignatureRepository } from '#shared/db/signatures.ts'
import { withDeadline } from '#shared/deadline.ts'
import {
  MAX_FACETS_SIZE,
  MAX_QUERY_DAYS,
  MAX_RESULTS_NUMBER,
  MAX_RESULTS_WINDOW,
  MAX_SIGNATURES_A_RUN,
  SEARCH_RPC_DEADLINE_MS,
  SIGNATURE_WINDOW_MS,
} from '#shared/limits.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import { parseSearchQuery } from '#shared/search/query.ts'
import type { SearchAnswer, SearchRpc } from '#shared/search/search-rpc.ts'

const DAY_MS = 86_400_000
/** A window that holds too many crashes for one query is halved down to this. */
const MIN_WINDOW_MS = 1_000

export interface SignatureDeps {
  readonly search: Pick<SearchRpc, 'query'>
  readonly signatures: Pick<
    SignatureRepository,
    'withoutFirst' | 'recordFirsts' | 'unrecordedChanges' | 'recordChanges'
  >
  readonly clock: Clock
}

/** What one run saw and did. */
export interface SignatureReport {
  /** Signatures of the crashes of the window. */
  readonly seen: number
  /** Of those, and of changes, signatures whose first date was looked up in the whole index. */
  readonly looked_up: number
  /** Changes that were recorded. */
  readonly changes: number
  /** Left for the next run. */
  readonly left: number
  /** Answers of search that were not whole; what they missed is seen by a later run. */
  readonly partial: number
}

/**
 * Fills the tables of signatures from the index: the first date and build of each, and which signature became which. It computes and never counts up, so
 * a run that is repeated, broken off or late does no harm.
 *
 * A signature that is new here, or that crashes changed to, is looked up in the whole index, since its crashes may be of any age. The changes are
 * recorded last: they mark their signatures as looked up.
 */
export async function recordSignatures({ search, signatures, clock }: SignatureDeps): Promise<SignatureReport> {
  const nowMs = clock()
  const index = new Index(search, nowMs)
  const firsts = await index.firstsSince(nowMs - SIGNATURE_WINDOW_MS)
  const unknown = new Set(await signatures.withoutFirst([...firsts.keys()]))
  const unrecorded = await signatures.unrecordedChanges(await index.changes())

  const changes = unrecorded.slice(0, MAX_SIGNATURES_A_RUN)
  const due = new Set([...changes.map(({ newSignature }) => newSignature), ...unknown])
  const lookedUp = await index.firstsOf([...due].slice(0, MAX_SIGNATURES_A_RUN))
  for (const signature of lookedUp.keys()) unknown.delete(signature)

  // A signature that could not be looked up stays unknown, and a change to it unrecorded: the next run comes back to them.
  const known = [...firsts.values()].filter(({ signature }) => !unknown.has(signature))
  await signatures.recordFirsts([...known, ...[...lookedUp.values()].filter((first) => first !== null)])
  const settled = changes.filter(({ newSignature }) => lookedUp.has(newSignature))
  await signatures.recordChanges(settled, nowMs)
  return {
    seen: firsts.size,
    looked_up: lookedUp.size,
    changes: settled.length,
    left: unknown.size + unrecorded.length - settled.length,
    partial: index.partial,
  }
}

const lineageSchema = z.array(z.string())

/** What the signature job asks of search, in the words of Super Search. */
class Index {
  readonly #search: Pick<SearchRpc, 'query'>
  readonly #nowMs: number
  partial = 0

  constructor(search: Pick<SearchRpc, 'query'>, nowMs: number) {
    this.#search = search
    this.#nowMs = nowMs
  }

  /** The first date and build of each signature among the crashes received since. */
  async firstsSince(fromMs: number): Promise<Map<string, SignatureFirst>> {
    const firsts = new Map<string, SignatureFirst>()
    const add = (hits: SearchAnswer['hits']) => {
      for (const hit of hits) {
        const first = firstOfHit(hit)
        if (first === null) continue
        const known = firsts.get(first.signature)
        firsts.set(first.signature, known === undefined ? first : earlier(known, first))
      }
    }
    const read = async (window: readonly [fromMs: number, toMs: number]): Promise<void> => {
      const page = (offset: number) => this.#hits(window, { _sort: 'date', _results_offset: String(offset) })
      const first = await page(0)
      const [start, end] = window
      if (first.total > MAX_RESULTS_WINDOW && end - start > MIN_WINDOW_MS) {
        const middle = Math.floor((start + end) / 2)
        await read([start, middle])
        await read([middle, end])
        return
      }
      add(first.hits)
      const last = Math.min(first.total, MAX_RESULTS_WINDOW)
      for (let offset = MAX_RESULTS_NUMBER; offset < last; offset += MAX_RESULTS_NUMBER) add((await page(offset)).hits)
    }
    await read([fromMs, this.#nowMs])
    return firsts
  }

  /** The first date and lowest build of each signature in the whole index, null where no crash has it any more. One whose answer is not whole is left out. */
  async firstsOf(names: readonly string[]): Promise<ReadonlyMap<string, SignatureFirst | null>> {
    const found = new Map<string, SignatureFirst | null>()
    const wholeIndex = [this.#nowMs - MAX_QUERY_DAYS * DAY_MS, this.#nowMs] as const
    for (const signature of names) {
      const one = { signature: `=${signature}`, _results_number: '1' }
      const oldest = await this.#hits(wholeIndex, { ...one, _sort: 'date' })
      const lowest = await this.#hits(wholeIndex, { ...one, _sort: 'build_id' })
      if (oldest.errors.length + lowest.errors.length > 0) continue
      const firsts = [...oldest.hits, ...lowest.hits].flatMap((hit) => firstOfHit(hit) ?? [])
      found.set(signature, firsts.length === 0 ? null : firsts.reduce(earlier))
    }
    return found
  }

  /** How many crashes changed from which signature to which, the most frequent first. A crash that did so twice counts once. */
  async changes(): Promise<readonly SignatureChange[]> {
    const answer = await this.#query([this.#nowMs - MAX_QUERY_DAYS * DAY_MS, this.#nowMs], {
      _facets: 'signature_lineage',
      _facets_size: String(MAX_FACETS_SIZE),
      _results_number: '0',
    })
    const changes = new Map<string, SignatureChange>()
    for (const { term, count } of facetTerms(answer.facets, 'signature_lineage')) {
      for (const [key, { oldSignature, newSignature }] of changesIn(String(term))) {
        changes.set(key, { oldSignature, newSignature, crashes: (changes.get(key)?.crashes ?? 0) + count })
      }
    }
    return [...changes.values()].sort((a, b) => b.crashes - a.crashes)
  }

  #hits(window: readonly [number, number], params: Readonly<Record<string, string>>): Promise<SearchAnswer> {
    const columns = ['signature', 'date', 'build_id'].map((column) => ['_columns', column] as const)
    return this.#query(window, { _results_number: String(MAX_RESULTS_NUMBER), _facets_size: '0', ...params }, columns)
  }

  async #query(
    [fromMs, toMs]: readonly [fromMs: number, toMs: number],
    params: Readonly<Record<string, string>>,
    more: readonly (readonly [string, string])[] = [],
  ): Promise<SearchAnswer> {
    const dates = [`>=${new Date(fromMs).toISOString()}`, `<=${new Date(toMs).toISOString()}`]
    const asked = new URLSearchParams([
      ...dates.map((date) => ['date', date]),
      ...Object.entries(params),
      ...more.map(([name, value]) => [name, value]),
    ])
    const parsed = parseSearchQuery(asked, ANONYMOUS, this.#nowMs)
    if (parsed.kind === 'bad') throw new Error(`the signature job asked a bad query: ${parsed.message}`)
    const answer = await withDeadline('search', SEARCH_RPC_DEADLINE_MS, this.#search.query(parsed.query))
    if (answer.errors.length > 0) this.partial += 1
    return answer
  }
}

/** The changes in one `signature_lineage`, oldest last: `["C","B","A"]` is A → B and B → C. A text that is none (one that was cut) has no changes. */
function changesIn(lineage: string): ReadonlyMap<string, Omit<SignatureChange, 'crashes'>> {
  const signatures = parseLineage(lineage)
  return new Map(
    signatures.slice(1).flatMap((oldSignature, at) => {
      const newSignature = signatures[at]
      if (newSignature === undefined || newSignature === oldSignature) return []
      return [[JSON.stringify([oldSignature, newSignature]), { oldSignature, newSignature }]]
    }),
  )
}

function parseLineage(text: string): readonly string[] {
  try {
    return lineageSchema.parse(JSON.parse(text))
  } catch {
    return []
  }
}

function firstOfHit({ signature, date, build_id }: SearchAnswer['hits'][number]): SignatureFirst | null {
  const firstAtMs = Date.parse(String(date))
  if (typeof signature !== 'string' || Number.isNaN(firstAtMs)) return null
  return { signature, firstAtMs, firstBuild: typeof build_id === 'number' ? build_id : null }
}

/** The lower of each. */
function earlier(a: SignatureFirst, b: SignatureFirst): SignatureFirst {
  const builds = [a.firstBuild, b.firstBuild].filter((build) => build !== null)
  return {
    signature: a.signature,
    firstAtMs: Math.min(a.firstAtMs, b.firstAtMs),
    firstBuild: builds.length === 0 ? null : Math.min(...builds),
  }
}
