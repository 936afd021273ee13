import { drizzle } from 'drizzle-orm/d1'
import { annotationSource } from '#shared/annotations/annotation-source.ts'
import { viewSecrets } from '#shared/auth/view-secret.ts'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
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
import { checkHeartbeat } from '#shared/http/heartbeat.ts'
import { consoleLog } from '#shared/log.ts'
import { NO_PRODUCTS } from '#shared/products/products.ts'
import { productsDocument } from '#shared/products/products-document.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { signatureListSource } from '#shared/signature/list-source.ts'
import { accessAssertions } from './access-assertion.ts'
import { crashPriority } from './crash-priority.ts'
import type { DashboardDeps } from './deps.ts'
import type { Env } from './env.ts'
import { probes } from './heartbeat.ts'
import type { RateLimits } from './rate-limit.ts'

/** What the dashboard needs, made of its bindings and variables. Throws where a variable has a value that it does not know. */
export function dashboardDeps(env: Env): DashboardDeps {
  const config = readConfig(
    env,
    'MAYDAY_ENV',
    'MAYDAY_VERSION',
    'RATE_LIMITS',
    'SYMBOL_ACCESS',
    'VIEW_URL_SECRET',
    'CRASH_ACCESS',
    'ACCESS_TEAM_DOMAIN',
    'ACCESS_AUDIENCE',
  )
  const db = drizzle(env.DB)
  const configDocuments = {
    config: env.CONFIG,
    stage: 'dashboard',
    keepsLastGood: false,
    clock: systemClock,
    log: consoleLog,
  }
  const annotations = annotationSource(configDocuments)
  return {
    crashStore: env.CRASH_STORE,
    viewSecrets: viewSecrets(config.VIEW_URL_SECRET),
    search: env.SEARCH,
    searchIndex: env.SEARCH,
    pings: env.PINGS,
    duplicates: env.DUPLICATES,
    tokens: tokenRepository(db),
    sessions: sessionRepository(db),
    users: userRepository(db),
    signatures: signatureRepository(db),
    bugLinks: bugLinkRepository(db),
    symbolRevisions: symbolRevisions(db),
    missingSymbols: missingSymbolsIn(db),
    uploadBooks: uploadBooks(db),
    symbolAccess: config.SYMBOL_ACCESS,
    productVersions: productVersionRepository(db),
    missingProcessed: missingProcessedCrashes(db),
    audit: auditLogIn(db),
    accessLog: accessLogIn(db),
    accessSignIn: accessAssertions({
      teamDomain: config.ACCESS_TEAM_DOMAIN,
      audience: config.ACCESS_AUDIENCE,
      fetch: (url, init) => fetch(url, init),
      clock: systemClock,
    }),
    crashAccess: config.CRASH_ACCESS,
    products: productsDocument(NO_PRODUCTS, configDocuments),
    rateLimits: isLimited(config) ? rateLimits(env) : null,
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
    heartbeat: () => checkHeartbeat(probes(env, annotations, config)),
    clock: systemClock,
    randomBytes: systemRandomBytes,
    log: consoleLog,
    deployment: config.MAYDAY_ENV,
    version: config.MAYDAY_VERSION,
  }
}

/** A development fleet and its tests are not limited unless they ask for it. */
function isLimited({ RATE_LIMITS, MAYDAY_ENV }: { RATE_LIMITS: 'auto' | 'on' | 'off'; MAYDAY_ENV: string }): boolean {
  return RATE_LIMITS === 'auto' ? MAYDAY_ENV === 'production' : RATE_LIMITS === 'on'
}

/** The limiters of the platform. */
function rateLimits(env: Env): RateLimits {
  return {
    api: { anonymous: env.API_ANONYMOUS, authenticated: env.API_AUTHENTICATED },
    searchPages: { anonymous: env.SEARCH_PAGES_ANONYMOUS, authenticated: env.SEARCH_PAGES_AUTHENTICATED },
    // Nobody signs in for it.
    comments: { anonymous: env.CRASH_COMMENTS, authenticated: env.CRASH_COMMENTS },
  }
}
