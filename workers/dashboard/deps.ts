import type { Context } from 'hono'
import type { AnnotationSource } from '#shared/annotations/annotation-source.ts'
import type { Viewer } from '#shared/auth/permissions.ts'
import type { ViewSecrets } from '#shared/auth/view-secret.ts'
import type { Clock, RandomBytes } from '#shared/clock.ts'
import type { AccessLog } from '#shared/db/access-log.ts'
import type { AuditLog } from '#shared/db/audit-log.ts'
import type { BugLinkRepository } from '#shared/db/bug-links.ts'
import type { MissingProcessedList } from '#shared/db/missing-processed-crashes.ts'
import type { MissingSymbols } from '#shared/db/missing-symbols.ts'
import type { ProductVersionRepository } from '#shared/db/product-versions.ts'
import type { SessionRepository } from '#shared/db/sessions.ts'
import type { SignatureRepository } from '#shared/db/signatures.ts'
import type { SymbolRevisions } from '#shared/db/symbol-revisions.ts'
import type { TokenRepository } from '#shared/db/tokens.ts'
import type { UploadBooks } from '#shared/db/upload-books.ts'
import type { UserRepository } from '#shared/db/users.ts'
import type { HeartbeatReport } from '#shared/http/heartbeat.ts'
import type { Log } from '#shared/log.ts'
import type { Products } from '#shared/products/products.ts'
import type { CrashPingsRpc } from '#shared/search/crash-pings.ts'
import type { SearchRpc } from '#shared/search/search-rpc.ts'
import type { SignatureListSource } from '#shared/signature/list-source.ts'
import type { ConfigDocument } from '#shared/store/config-document.ts'
import type { CrashStoreRpc } from '#shared/store/crash-store.ts'
import type { DuplicatesRpc } from '#shared/throttle/duplicates-port.ts'
import type { AccessAssertions } from './access-assertion.ts'
import type { CrashPriority } from './crash-priority.ts'
import type { RateLimits } from './rate-limit.ts'

/** What pages and API stand on. Tests give their own. */
export interface DashboardDeps {
  readonly crashStore: Pick<
    CrashStoreRpc,
    'readRaw' | 'readProcessed' | 'dump' | 'reprocess' | 'readForPerson' | 'addComments'
  >
  /** The secrets of `/crash/<crash id>`; null: there are no such pages. */
  readonly viewSecrets: ViewSecrets | null
  readonly search: Pick<SearchRpc, 'query'>
  readonly searchIndex: Pick<SearchRpc, 'missing'>
  readonly pings: Pick<CrashPingsRpc, 'query'>
  readonly duplicates: Pick<DuplicatesRpc, 'counts'>
  readonly tokens: TokenRepository
  readonly sessions: SessionRepository
  readonly users: UserRepository
  readonly signatures: Pick<SignatureRepository, 'find' | 'bugsOf'>
  readonly bugLinks: BugLinkRepository
  readonly symbolRevisions: SymbolRevisions
  readonly missingSymbols: Pick<MissingSymbols, 'list' | 'total'>
  readonly uploadBooks: Pick<UploadBooks, 'symFileOf'>
  /** `private`: only who signed in sees which symbols there are. */
  readonly symbolAccess: 'public' | 'private'
  readonly productVersions: Pick<ProductVersionRepository, 'versionsOf'>
  readonly missingProcessed: MissingProcessedList
  readonly audit: AuditLog
  readonly accessLog: AccessLog
  /** Sign-in through Cloudflare Access; null: not configured, and nobody signs in that way. */
  readonly accessSignIn: AccessAssertions | null
  /** `private`: crashes answer nobody without credentials (crash-access.ts). */
  readonly crashAccess: 'public' | 'private'
  readonly products: Pick<ConfigDocument<Products>, 'current'>
  /** Null: nothing is limited. */
  readonly rateLimits: RateLimits | null
  readonly priority: CrashPriority
  readonly signatureLists: SignatureListSource
  /** What is known of annotations and search fields in this deployment; null in the moment that CONFIG has not answered yet. */
  readonly annotations: AnnotationSource
  readonly heartbeat: () => Promise<HeartbeatReport>
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  readonly log: Log
  readonly deployment: 'development' | 'production'
  readonly version: string
}

/**
 * What one request carries: who asks, whether a session or token said so, whether it was a session (its changes need our own origin), and the one
 * product of its token.
 */
export interface DashboardVariables {
  Variables: { viewer: Viewer; credentials: boolean; bySession: boolean; product: string | null }
}
export type DashboardContext = Context<DashboardVariables>

/** Answers one request. */
export type Answer = (context: DashboardContext, deps: DashboardDeps) => Response | Promise<Response>
