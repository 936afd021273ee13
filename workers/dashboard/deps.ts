import type { Context } from 'hono'
import type { Viewer } from '#shared/auth/permissions.ts'
import type { Clock, RandomBytes } from '#shared/clock.ts'
import type { SessionRepository } from '#shared/db/sessions.ts'
import type { TokenRepository } from '#shared/db/tokens.ts'
import type { UserRepository } from '#shared/db/users.ts'
import type { HeartbeatReport } from '#shared/http/heartbeat.ts'
import type { Log } from '#shared/log.ts'
import type { SearchRpc } from '#shared/search/search-rpc.ts'
import type { SignatureListSource } from '#shared/signature/list-source.ts'
import type { CrashStoreRpc } from '#shared/store/crash-store.ts'
import type { CrashPriority } from './crash-priority.ts'

/** What pages and API stand on. Tests give their own. */
export interface DashboardDeps {
  readonly crashStore: Pick<CrashStoreRpc, 'readRaw' | 'readProcessed' | 'dump' | 'reprocess'>
  readonly search: Pick<SearchRpc, 'query'>
  readonly tokens: TokenRepository
  readonly sessions: SessionRepository
  readonly users: UserRepository
  readonly priority: CrashPriority
  readonly signatureLists: SignatureListSource
  readonly heartbeat: () => Promise<HeartbeatReport>
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  readonly log: Log
  readonly deployment: 'development' | 'production'
  readonly version: string
}

/** What one request carries: who asks, whether a session or token said so, and whether it was a session (its changes need our own origin). */
export interface DashboardVariables {
  Variables: { viewer: Viewer; credentials: boolean; bySession: boolean }
}
export type DashboardContext = Context<DashboardVariables>

/** Answers one request. */
export type Answer = (context: DashboardContext, deps: DashboardDeps) => Response | Promise<Response>
