import { drizzle } from 'drizzle-orm/d1'
import type { Hono } from 'hono'
import { type AnnotationSource, annotationSource } from '#shared/annotations/annotation-source.ts'
import { viewSecrets } from '#shared/auth/view-secret.ts'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { auditLogIn } from '#shared/db/audit-log.ts'
import { bugLinkRepository } from '#shared/db/bug-links.ts'
import { missingProcessedCrashes } from '#shared/db/missing-processed-crashes.ts'
import { productVersionRepository } from '#shared/db/product-versions.ts'
import { sessionRepository } from '#shared/db/sessions.ts'
import { signatureRepository } from '#shared/db/signatures.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { userRepository } from '#shared/db/users.ts'
import { checkHeartbeat } from '#shared/http/heartbeat.ts'
import { consoleLog } from '#shared/log.ts'
import { NO_PRODUCTS } from '#shared/products/products.ts'
import { productsDocument } from '#shared/products/products-document.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { signatureListSource } from '#shared/signature/list-source.ts'
import { appWith } from './app.ts'
import { crashPriority } from './crash-priority.ts'
import type { DashboardVariables } from './deps.ts'
import type { Env } from './env.ts'
import type { RateLimits } from './rate-limit.ts'

/** One app an isolate: crash-priority.ts remembers what it has sent. */
let app: Hono<DashboardVariables> | undefined

function appFor(env: Env): Hono<DashboardVariables> {
  const config = readConfig(env, 'MAYDAY_ENV', 'MAYDAY_VERSION', 'RATE_LIMITS', 'VIEW_URL_SECRET')
  const db = drizzle(env.DB)
  const configDocuments = {
    config: env.CONFIG,
    stage: 'dashboard',
    keepsLastGood: false,
    clock: systemClock,
    log: consoleLog,
  }
  const annotations = annotationSource(configDocuments)
  return appWith({
    crashStore: env.CRASH_STORE,
    viewSecrets: viewSecrets(config.VIEW_URL_SECRET),
    search: env.SEARCH,
    searchIndex: env.SEARCH,
    duplicates: env.DUPLICATES,
    tokens: tokenRepository(db),
    sessions: sessionRepository(db),
    users: userRepository(db),
    signatures: signatureRepository(db),
    bugLinks: bugLinkRepository(db),
    productVersions: productVersionRepository(db),
    missingProcessed: missingProcessedCrashes(db),
    audit: auditLogIn(db),
    products: productsDocument(NO_PRODUCTS, configDocuments),
    rateLimits: isLimited(config) ? rateLimitsOf(env) : null,
    priority: crashPriority({ queue: env.CRASH_PRIORITY_QUEUE, clock: systemClock, log: consoleLog }),
    signatureLists: signatureListSource({
      config: env.CONFIG,
      builtIn: defaultSignatureLists(),
      stage: 'dashboard',
      keepsLastGood: false,
      clock: systemClock,
      log: consoleLog,
    }),
    annotations,
    heartbeat: () =>
      checkHeartbeat([
        { name: 'R2 CONFIG', ask: () => env.CONFIG.head('products.json') },
        { name: 'annotations.json', severity: 'warning', ask: () => annotationsInForce(annotations) },
        { name: 'D1 DB', ask: () => env.DB.prepare('select 1').first() },
        { name: 'queue CRASH_PRIORITY_QUEUE', ask: () => env.CRASH_PRIORITY_QUEUE.metrics() },
        { name: 'CrashStore', ask: () => env.CRASH_STORE.states([]) },
        { name: 'search', ask: () => env.SEARCH.missing([]) },
      ]),
    clock: systemClock,
    randomBytes: systemRandomBytes,
    log: consoleLog,
    deployment: config.MAYDAY_ENV,
    version: config.MAYDAY_VERSION,
  })
}

/** Throws with the place of the mistake when the document that lies in CONFIG is not the one in force. */
async function annotationsInForce(annotations: AnnotationSource): Promise<void> {
  await annotations.current()
  const problem = annotations.problem()
  if (problem !== null) throw new Error(problem)
}

/** A development fleet and its tests are not limited unless they ask for it. */
function isLimited({ RATE_LIMITS, MAYDAY_ENV }: { RATE_LIMITS: 'auto' | 'on' | 'off'; MAYDAY_ENV: string }): boolean {
  return RATE_LIMITS === 'auto' ? MAYDAY_ENV === 'production' : RATE_LIMITS === 'on'
}

function rateLimitsOf(env: Env): RateLimits {
  return {
    api: { anonymous: env.API_ANONYMOUS, authenticated: env.API_AUTHENTICATED },
    searchPages: { anonymous: env.SEARCH_PAGES_ANONYMOUS, authenticated: env.SEARCH_PAGES_AUTHENTICATED },
    // Nobody signs in for it.
    comments: { anonymous: env.CRASH_COMMENTS, authenticated: env.CRASH_COMMENTS },
  }
}

export default {
  fetch(request, env, context) {
    app ??= appFor(env)
    return app.fetch(request, env, context)
  },
} satisfies ExportedHandler<Env>
