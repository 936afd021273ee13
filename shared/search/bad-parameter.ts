import type { SearchError } from './search-rpc.ts'

/** A parameter that cannot be answered: 400. `message` begins as the peer's does (specs/webapp.md 2.1), then says what to do. */
export interface BadParameter {
  readonly kind: 'bad'
  readonly param: string
  readonly message: string
}

export function badParameter(param: string, why: string): BadParameter {
  return { kind: 'bad', param, message: `Bad value for parameter(s) '${param}': ${why}` }
}

/** A parameter that was left out of the query, with the reason. The answer is 200: the peer says nothing at all. */
export type SearchWarning = Extract<SearchError, { type: 'warning' }>

export function searchWarning(param: string, msg: string): SearchWarning {
  return { type: 'warning', param, msg }
}
