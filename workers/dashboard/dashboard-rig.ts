import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { BUILT_IN_ANNOTATIONS } from '#shared/annotations/annotation-source.ts'
import { may, type Permission } from '#shared/auth/permissions.ts'
import { createToken } from '#shared/auth/token.ts'
import { viewSecrets } from '#shared/auth/view-secret.ts'
import { systemRandomBytes } from '#shared/clock.ts'
import { type CrashId, createCrashId } from '#shared/crash-id.ts'
import { accessLogIn } from '#shared/db/access-log.ts'
import { auditLogIn } from '#shared/db/audit-log.ts'
import { bugLinkRepository } from '#shared/db/bug-links.ts'
import { missingProcessedCrashes } from '#shared/db/missing-processed-crashes.ts'
import { missingSymbolsIn } from '#shared/db/missing-symbols.ts'
import { productVersionRepository } from '#shared/db/product-versions.ts'
import { sessionRepository } from '#shared/db/sessions.ts'
import { signatureRepository } from '#shared/db/signatures.ts'
import { symbolRevisions } from '#shared/db/symbol-revisions.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { uploadBooks } from '#shared/db/upload-books.ts'
import { userRepository } from '#shared/db/users.ts'
import type { LogFields } from '#shared/log.ts'
import { machineProblems } from '#shared/machine-signs.ts'
import type { CrashMessage, RulesetName } from '#shared/messages.ts'
import { NO_PRODUCTS } from '#shared/products/products.ts'
import type { JsonValue, RawCrash } from '#shared/raw-crash.ts'
import { redactProcessedCrash, redactRawCrash } from '#shared/redact.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { SearchAnswer } from '#shared/search/search-rpc.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { appWith } from './app.ts'
import { crashPriority } from './crash-priority.ts'
import type { DashboardDeps } from './deps.ts'

/** When the tests' clock starts. */
export const NOW_MS = Date.UTC(2026, 10, 23, 12)
export const ORIGIN = 'http://localhost:8787'

/** What a test puts into the store that stands in for the processor's. */
export interface StoredCrash {
  readonly state: 'processed' | 'pending' | 'failed'
  readonly annotations?: { readonly [name: string]: JsonValue }
  readonly processed?: { readonly [key: string]: unknown }
  readonly dumps?: { readonly [name: string]: string }
  readonly reason?: string
  readonly failedAtMs?: number
  readonly savedAtMs?: number
}

const NO_ANSWER: SearchAnswer = { hits: [], total: 0, facets: {}, errors: [] }

/**
 * The dashboard with real D1 (users, sessions, tokens), the real redact(), and crashes, search and queue in memory.
 * Other Workers are empty in this pool; what they would do is said here, what the dashboard makes of it is real.
 */
export async function dashboardRig(changed: Partial<DashboardDeps> = {}) {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  const db = drizzle(env.DB)
  const crashes = new Map<CrashId, StoredCrash>()
  const sent: CrashMessage[] = []
  const reprocessed: [CrashId, RulesetName][] = []
  const comments: [CrashId, string][] = []
  const logged: { stage: string; outcome: string; fields: LogFields | undefined }[] = []
  const queries: SearchQuery[] = []
  const state = { nowMs: NOW_MS, answer: NO_ANSWER, queries }
  const clock = () => state.nowMs
  const log: DashboardDeps['log'] = (stage, outcome, fields) => logged.push({ stage, outcome, fields })

  const rawCrashOf = (uuid: CrashId, { annotations = {}, dumps = {} }: StoredCrash): RawCrash => ({
    uuid,
    annotations,
    submitted_timestamp: '2026-11-23T11:59:00+00:00',
    metadata: {
      collector_notes: [],
      dump_checksums: Object.fromEntries(Object.keys(dumps).map((name) => [name, 'checksum'])),
      ...('gamelog' in dumps && { attachments: { gamelog: 'game.log' } }),
    },
  })
  const crashStore: DashboardDeps['crashStore'] = {
    async readRaw(crashId, viewer) {
      const crash = crashes.get(crashId)
      return crash === undefined
        ? { kind: 'unknown' }
        : { kind: 'found', json: redactRawCrash(rawCrashOf(crashId, crash), viewer) }
    },
    async readProcessed(crashId, viewer) {
      const crash = crashes.get(crashId)
      if (crash === undefined) return { kind: 'unknown' }
      if (crash.state === 'pending') return { kind: 'pending' }
      if (crash.state === 'failed') {
        return { kind: 'failed', reason: crash.reason ?? '', failedAtMs: crash.failedAtMs ?? NOW_MS }
      }
      const stored = { ...crash.processed, uuid: crashId }
      return { kind: 'found', json: redactProcessedCrash(stored, viewer) }
    },
    async dump(crashId, name, viewer) {
      if (!viewer.permissions.includes('view_rawdump') && !viewer.permissions.includes('admin'))
        return { kind: 'forbidden' }
      const bytes = new TextEncoder().encode(crashes.get(crashId)?.dumps?.[name])
      const body = new Response(bytes).body
      return bytes.byteLength === 0 || body === null
        ? { kind: 'unknown' }
        : { kind: 'found', body, bytes: bytes.byteLength }
    },
    async reprocess(crashIds, ruleset, viewer) {
      if (!may(viewer, 'reprocess_crashes')) return { kind: 'forbidden' }
      for (const crashId of crashIds) reprocessed.push([crashId, ruleset])
      return { kind: 'queued', queuedAtMs: state.nowMs }
    },
    async readForPerson(crashId) {
      const crash = crashes.get(crashId)
      switch (crash?.state) {
        case undefined:
          return { kind: 'unknown' }
        case 'pending':
          return { kind: 'received', savedAtMs: crash?.savedAtMs ?? NOW_MS }
        case 'failed':
          return { kind: 'failed' }
        case 'processed':
          return { kind: 'processed', problems: machineProblems(crash?.processed ?? {}) }
      }
    },
    async addComments(crashId, text) {
      if (!crashes.has(crashId)) return 'unknown'
      comments.push([crashId, text])
      return 'added'
    },
  }
  const secrets = viewSecrets('a secret of this deployment, for tests')
  const lists = defaultSignatureLists()
  const deps: DashboardDeps = {
    crashStore,
    viewSecrets: secrets,
    search: {
      async query(query) {
        state.queries.push(query)
        return state.answer
      },
    },
    pings: { query: async () => NO_ANSWER },
    duplicates: { counts: async () => ({ days: [], mixed: false }) },
    searchIndex: {
      missing: async (crashIds) => crashIds.filter((crashId) => crashes.get(crashId)?.state !== 'processed'),
    },
    tokens: tokenRepository(db),
    sessions: sessionRepository(db),
    users: userRepository(db),
    signatures: signatureRepository(db),
    bugLinks: bugLinkRepository(db),
    symbolRevisions: symbolRevisions(db),
    missingSymbols: missingSymbolsIn(db),
    uploadBooks: uploadBooks(db),
    symbolAccess: 'public',
    productVersions: productVersionRepository(db),
    missingProcessed: missingProcessedCrashes(db),
    audit: auditLogIn(db),
    accessLog: accessLogIn(db),
    accessSignIn: null,
    crashAccess: 'public',
    products: { current: async () => NO_PRODUCTS },
    rateLimits: null,
    priority: crashPriority({ queue: { send: async (message) => sent.push(message) }, clock, log }),
    signatureLists: { current: async () => lists },
    annotations: BUILT_IN_ANNOTATIONS,
    heartbeat: async () => ({ errors: [], warnings: [] }),
    clock,
    randomBytes: systemRandomBytes,
    log,
    deployment: 'development',
    version: '1.2.3',
    ...changed,
  }
  const app = appWith(deps)

  const fetchPage = async (path: string, init: RequestInit = {}): Promise<Response> =>
    app.request(`${ORIGIN}${path}`, init)
  return {
    app,
    deps,
    state,
    sent,
    /** What was queued to be processed again, in order. */
    reprocessed,
    /** What people wrote on the pages of crashes. */
    comments,
    /** The address of a crash for whoever sent it. */
    async personPath(crashId: CrashId): Promise<string> {
      return `/crash/${crashId}?k=${await secrets?.of(crashId)}`
    },
    logged,
    /** Keeps a crash and gives its id. */
    keep(crash: StoredCrash): CrashId {
      const crashId = createCrashId(clock, systemRandomBytes)
      crashes.set(crashId, crash)
      return crashId
    },
    unknownId: () => createCrashId(clock, systemRandomBytes),
    fetch: fetchPage,
    async json(path: string, init: RequestInit = {}): Promise<{ status: number; headers: Headers; body: unknown }> {
      const response = await fetchPage(path, init)
      return { status: response.status, headers: response.headers, body: await response.json() }
    },
    /** Headers of a token with these permissions. */
    async token(...permissions: readonly Permission[]): Promise<{ 'Auth-Token': string }> {
      const created = await createToken('owner@example.com', permissions, clock, systemRandomBytes)
      if (created.kind !== 'created') throw new Error(created.kind)
      await deps.tokens.add(created.stored)
      return { 'Auth-Token': created.token }
    },
    /** Signs in over HTTP and gives the cookie. */
    async signIn(account: string): Promise<{ Cookie: string }> {
      const response = await fetchPage('/signin', {
        method: 'POST',
        headers: { Origin: ORIGIN, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ account }).toString(),
      })
      if (response.status !== 303) throw new Error(`sign-in answered ${response.status}`)
      return { Cookie: (response.headers.get('Set-Cookie') ?? '').split(';', 1)[0] ?? '' }
    },
  }
}
