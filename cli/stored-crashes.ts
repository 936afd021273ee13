import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { utcDay } from '#shared/clock.ts'
import { type CrashId, crashIdSchema, parseCrashId } from '#shared/crash-id.ts'
import { parseRawCrash, type RawCrash } from '#shared/raw-crash.ts'
import type { StoredRawCrashes } from '#shared/throttle/dry-run.ts'
import { errorCode } from './error-code.ts'
import { connectionText } from './submit.ts'

/** Answers to one question come within this time; a search ends itself much earlier. */
const API_DEADLINE_MS = 30_000
/** Crashes of one page: as many as a search answers at once. */
const PAGE = 1_000
const DAY_MS = 86_400_000

/** Why crashes cannot be read: what to tell the operator. */
export class CrashesUnreadable extends Error {}

/** A raw crash as JSON, as it is stored and as `/api/RawCrash/` gives it to viewers with view_pii. Throws {@link CrashesUnreadable}. */
export function readRawCrashFile(file: string): RawCrash {
  let json: string
  try {
    json = readFileSync(file, 'utf8')
  } catch (thrown) {
    throw new CrashesUnreadable(`Cannot read ${file} (${errorCode(thrown)}).`)
  }
  const rawCrash = rawCrashOf(json)
  if (rawCrash === null) throw new CrashesUnreadable(`${file} is no raw crash: a JSON object with its uuid is needed.`)
  return rawCrash
}

function rawCrashOf(json: string): RawCrash | null {
  const uuid = /"uuid"\s*:\s*"([0-9a-f-]{36})"/.exec(json)?.[1]
  const crashId = uuid === undefined ? null : parseCrashId(uuid)
  const parsing = crashId === null ? null : parseRawCrash(json, crashId)
  return parsing?.kind === 'parsed' ? parsing.rawCrash : null
}

/** The days (`YYYYMMDD`) up to and with today, newest first. */
export function lastDays(count: number, nowMs: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => utcDay(nowMs - at * DAY_MS))
}

const pageSchema = z.object({ total: z.number(), hits: z.array(z.object({ uuid: crashIdSchema })) })

/** The crashes of a running Mayday, over its API: found by search, read one by one. Throws {@link CrashesUnreadable}. */
export function crashesOverApi(origin: string, token: string): StoredRawCrashes {
  const headers = { 'User-Agent': 'mayday ruleset dry-run', ...(token !== '' && { 'Auth-Token': token }) }
  const get = async (path: string, query: URLSearchParams): Promise<Response> => {
    const url = new URL(`${path}?${query}`, origin)
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(API_DEADLINE_MS) }).catch((thrown) => {
      throw new CrashesUnreadable(`${origin} does not answer (${connectionText(thrown)}).`)
    })
    if (response.status === 401 || response.status === 403)
      throw new CrashesUnreadable(`${origin} does not take the token (HTTP ${response.status}): it needs view_pii.`)
    return response
  }
  return {
    async list(day, cursor) {
      const from = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`
      const to = new Date(Date.parse(from) + DAY_MS).toISOString().slice(0, 10)
      const query = new URLSearchParams([
        ...[
          ['date', `>=${from}`],
          ['date', `<${to}`],
          ['_columns', 'uuid'],
          ['_facets_size', '0'],
        ],
        ...[
          ['_sort', 'date'],
          ['_results_number', String(PAGE)],
          ['_results_offset', cursor ?? '0'],
        ],
      ])
      const response = await get('/api/SuperSearch/', query)
      const page = response.ok ? pageSchema.safeParse(await response.json()) : null
      if (page?.success !== true) throw new CrashesUnreadable(`${origin} answered the search with ${response.status}.`)
      const crashIds = page.data.hits.map(({ uuid }) => uuid)
      const next = Number(cursor ?? 0) + crashIds.length
      return { crashIds, cursor: crashIds.length === 0 || next >= page.data.total ? null : String(next) }
    },
    async read(crashId: CrashId) {
      const response = await get('/api/RawCrash/', new URLSearchParams({ crash_id: crashId, format: 'meta' }))
      if (response.status === 404) return null
      const json = await response.text()
      if (!response.ok) throw new CrashesUnreadable(`${origin} answered a raw crash with ${response.status}.`)
      const rawCrash = rawCrashOf(json)
      if (rawCrash !== null && !Object.hasOwn(z.looseObject({}).parse(JSON.parse(json)), 'metadata'))
        throw new CrashesUnreadable(
          'The token sees only public annotations: rules need them all, so it needs view_pii.',
        )
      return rawCrash
    },
  }
}
