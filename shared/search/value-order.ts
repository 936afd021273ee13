import type { SearchValue } from './search-rpc.ts'

/** Values of one field have one type. Text by code unit: the same in every shard, whatever its locale. */
export function compareValues(a: SearchValue, b: SearchValue): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
