import { csvLine } from '#shared/csv.ts'
import {
  MISSING_SYMBOL_SORTS,
  MISSING_SYMBOL_STATES,
  type MissingSymbol,
  type MissingSymbolQuery,
  type MissingSymbols,
} from '#shared/db/missing-symbols.ts'
import { CSV_ROWS_A_READ, MISSING_SYMBOLS_A_PAGE } from '#shared/limits.ts'
import { readTextFilter } from '#shared/symbols/list-filter.ts'
import { jsonFor, shownTime } from './answer.ts'
import { ListParameters } from './list-parameters.ts'

export interface MissingSymbolsDeps {
  readonly missing: Pick<MissingSymbols, 'list' | 'total'>
}

/**
 * GET /api/uploads/missing-symbols/: modules whose sym file crashes and debuggers miss, the most crashes first. `state` is missing (the default),
 * resolved or all, `module` a part of a name. The peer had such a list until 2023 (specs/symbols.md 1.7).
 */
export async function listMissingSymbols(request: Request, { missing }: MissingSymbolsDeps): Promise<Response> {
  const params = new ListParameters(request)
  const page = params.page()
  const query = readQuery(params)
  if (params.errors !== null) return jsonFor(request, { errors: params.errors }, 400)
  const [rows, total] = await Promise.all([
    missing.list({ ...query, limit: MISSING_SYMBOLS_A_PAGE + 1, offset: (page - 1) * MISSING_SYMBOLS_A_PAGE }),
    missing.total(query),
  ])
  const body = {
    missing_symbols: rows.slice(0, MISSING_SYMBOLS_A_PAGE).map(shownMissingSymbol),
    has_next: rows.length > MISSING_SYMBOLS_A_PAGE,
    total,
    batch_size: MISSING_SYMBOLS_A_PAGE,
    order_by: { sort: query.sort, reverse: query.descending },
  }
  return jsonFor(request, body, 200)
}

/** GET /api/uploads/missing-symbols.csv: the same list whole, sent while it is read. */
export function missingSymbolsCsv(request: Request, { missing }: MissingSymbolsDeps): Response {
  const params = new ListParameters(request)
  const query = readQuery(params)
  if (params.errors !== null) return jsonFor(request, { errors: params.errors }, 400)
  const headers = {
    'Content-Type': 'text/csv; charset=utf-8',
    'Content-Disposition': 'attachment; filename="missing-symbols.csv"',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  }
  return new Response(request.method === 'HEAD' ? null : csvStream(missing, query), { headers })
}

type ListedQuery = Omit<MissingSymbolQuery, 'limit' | 'offset'>

function readQuery(params: ListParameters): ListedQuery {
  const parts = params.filter('module', readTextFilter)
  return {
    state: params.choice('state', MISSING_SYMBOL_STATES),
    module: parts.find(({ not }) => !not)?.text ?? null,
    sort: params.choice('sort', MISSING_SYMBOL_SORTS),
    descending: params.choice('reverse', ['true', 'false']) === 'true',
  }
}

function shownMissingSymbol(missing: MissingSymbol) {
  return {
    debug_file: missing.debugFile,
    debug_id: missing.debugId,
    code_file: missing.codeFile,
    code_id: missing.codeId,
    crashes: missing.crashes,
    requests: missing.requests,
    first_seen: shownTime(missing.firstSeenAtMs),
    last_seen: shownTime(missing.lastSeenAtMs),
    resolved_at: shownTime(missing.resolvedAtMs),
  }
}

/** The first four as the peer's CSV had them; scripts that read it find them. */
const COLUMNS = [
  'debug_file',
  'debug_id',
  'code_file',
  'code_id',
  'crashes',
  'requests',
  'first_seen',
  'last_seen',
  'resolved_at',
] as const

function csvStream(missing: MissingSymbolsDeps['missing'], query: ListedQuery): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let offset = 0
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(csvLine(COLUMNS)))
    },
    async pull(controller) {
      const rows = await missing.list({ ...query, limit: CSV_ROWS_A_READ, offset })
      offset += rows.length
      const lines = rows
        .map(shownMissingSymbol)
        .map((row) => csvLine(COLUMNS.map((column) => String(row[column] ?? ''))))
      if (lines.length > 0) controller.enqueue(encoder.encode(lines.join('')))
      if (rows.length < CSV_ROWS_A_READ) controller.close()
    },
  })
}
