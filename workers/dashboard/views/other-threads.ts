import { MAX_SHOWN_OTHER_FRAMES } from '#shared/limits.ts'
import type { SourceFinder } from '#shared/source-links/source-links.ts'
import { crashingThreadIndex, type FrameRow, type Thread, threadOf, topFunction } from './frames.ts'
import { asList, asRecord } from './json-value.ts'

/** One thread beside the crashing one, with its frames or as a line that leads to them. */
export interface OtherThread {
  readonly thread: Thread
  readonly top: string
  /** `folded`: its frames are on the page, behind its line. `elsewhere`: a link asks for them. */
  readonly frames: 'open' | 'folded' | 'elsewhere'
  /** Anchors of the rows that hold the sought text. */
  readonly matches: ReadonlySet<string>
}

/** The threads beside the crashing one. */
export interface OtherThreads {
  readonly all: number
  readonly listed: readonly OtherThread[]
  /** Threads that match (or are there at all) and are not listed: beyond MAX_SHOWN_OTHER_FRAMES. */
  readonly notListed: number
}

/** What the address asks of them. */
export interface ThreadWishes {
  /** Threads whose frames are asked for, or all. */
  readonly open: ReadonlySet<number> | 'all'
  /** Only threads that hold this text in their name, a function, a module or a file; in any case. Empty: all. */
  readonly sought: string
  /** Rows that are put on the page unasked, so that a small crash is one page and a large one stays light. */
  readonly unaskedRows: number
}

/** All threads but the crashing one, in their order. */
export function otherThreads(
  crash: Readonly<Record<string, unknown>>,
  { open, sought, unaskedRows }: ThreadWishes,
  findSource?: SourceFinder,
): OtherThreads {
  const crashing = crashingThreadIndex(crash)
  const all = asList(asRecord(crash.json_dump).threads)
  const others = [...all.entries()].filter(([index]) => index !== crashing)
  const text = sought.trim().toLowerCase()
  const listed: OtherThread[] = []
  let rowsLeft = MAX_SHOWN_OTHER_FRAMES
  let unaskedLeft = unaskedRows
  let matching = 0
  for (const [index, raw] of others) {
    const thread = threadOf(raw, index, findSource === undefined ? {} : { findSource })
    const matches = text === '' ? new Set<string>() : new Set(matchingAnchors(thread.rows, text))
    const named = text !== '' && (thread.name ?? '').toLowerCase().includes(text)
    if (text !== '' && !named && matches.size === 0) continue
    matching += 1
    const rows = thread.rows.length
    if (rowsLeft <= 0) continue
    const asked = open === 'all' || open.has(index) || matches.size > 0
    const fits = rows <= rowsLeft && (asked || rows <= unaskedLeft)
    if (fits && !asked) unaskedLeft -= rows
    rowsLeft -= fits ? Math.max(1, rows) : 1
    const frames = !fits ? 'elsewhere' : asked ? 'open' : 'folded'
    listed.push({ thread, top: topFunction(thread), frames, matches })
  }
  return { all: others.length, listed, notListed: matching - listed.length }
}

function matchingAnchors(rows: readonly FrameRow[], text: string): readonly string[] {
  return rows.flatMap((row) => {
    if (row.kind === 'truncated') return []
    const places = [row.function, row.source?.file ?? '', row.kind === 'frame' ? (row.module ?? '') : '']
    return places.some((place) => place.toLowerCase().includes(text)) ? [row.anchor] : []
  })
}
