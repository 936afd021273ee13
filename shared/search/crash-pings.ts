import type { FieldFilter, SearchQuery } from './search-query.ts'
import type { SearchRpc } from './search-rpc.ts'

/**
 * Crash pings, a series of their own beside crash reports (docs/adr/0009-crash-pings-are-a-series-of-their-own.md): other shards behind another entrypoint, so that
 * no question about reports can meet one. Nothing ever sums the two up: one crash may be both.
 */
export type CrashPingsRpc = Pick<SearchRpc, 'index' | 'query'>

/** What a ping says, as search fields. All of it is public; free texts, such as the reason of an abort, are left out. */
export const PING_FIELDS = [
  'uuid',
  'date',
  'signature',
  'proto_signature',
  'product',
  'version',
  'release_channel',
  'platform',
  'process_type',
  'reason',
  'address',
] as const

const IN_PINGS: ReadonlySet<string> = new Set(PING_FIELDS)

/**
 * The question about pings that goes with one about reports; null where that asks for what no ping says, such as a build or a processor: no number is better than
 * a wrong zero. Every ping is of a crash, so `report_type=crash` asks for all.
 */
export function queryOfPings(query: SearchQuery): SearchQuery | null {
  const filters = query.filters.filter((filter) => !isAnyCrash(filter))
  return filters.every(({ field }) => IN_PINGS.has(field.name)) ? { ...query, filters } : null
}

function isAnyCrash({ field, any, all }: FieldFilter): boolean {
  return (
    field.name === 'report_type' &&
    all.length === 0 &&
    any.some((condition) => condition.operator === 'is' && !condition.not && condition.values.includes('crash'))
  )
}
