import type { Child } from 'hono/jsx'
import type { DashboardDeps } from '../deps.ts'
import type { PageSearch } from '../page-search.ts'
import type { CopiedList } from '../views/list-copy.ts'
import type { SignatureRequest } from '../views/signature-request.ts'

/** What every tab of a signature knows. */
export interface SignatureAsked {
  readonly request: Extract<SignatureRequest, { kind: 'signature' }>
  readonly search: PageSearch
  readonly deps: DashboardDeps
  /** The page's own parameters. */
  readonly params: URLSearchParams
  readonly origin: string
}

/** What a tab gives: what it draws, and its list and query for other places. */
export interface SignatureTabAnswer {
  readonly content: Child
  readonly list: CopiedList
  /** SuperSearch's parameters that come closest. */
  readonly query: URLSearchParams
  /** Search did not answer in full. */
  readonly partial: boolean
}

/** Draws one tab. */
export type TabOfSignature = (asked: SignatureAsked) => Promise<SignatureTabAnswer>
