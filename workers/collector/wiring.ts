import { type ViewSecrets, viewSecrets } from '#shared/auth/view-secret.ts'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { MAX_REPORT_BYTES_IN_FLIGHT, REPORT_BODY_DEADLINE_MS, SAVE_BUDGET_MS } from '#shared/limits.ts'
import { consoleLog } from '#shared/log.ts'
import { NO_PRODUCTS, type Products } from '#shared/products/products.ts'
import { productsDocument } from '#shared/products/products-document.ts'
import { type PromptDocument, promptDocument } from '#shared/store/prompt-document.ts'
import { BUILT_IN_RULESETS } from '#shared/throttle/built-in-rulesets.ts'
import type { BuiltInRulesetName } from '#shared/throttle/ruleset-names.ts'
import { type RulesetSource, rulesetSource } from '#shared/throttle/ruleset-source.ts'
import { drawFrom } from '#shared/throttle/throttle.ts'
import { createApp } from './app.ts'
import { BytesInFlight } from './bytes-in-flight.ts'
import { COUNTERS_NAME } from './counters.ts'
import { Counts } from './counts.ts'
import { duplicatesOf } from './duplicates.ts'
import type { Env } from './env.ts'
import { furtherLines } from './further-lines.ts'

const VARIABLES = [
  'SUBMITTER_TOKEN',
  'MAYDAY_VERSION',
  'RULESET',
  'OVERSIZE',
  'VIEW_URL_BASE',
  'VIEW_URL_SECRET',
] as const

/** One a Worker isolate: all its requests share the isolate's memory. */
const bytesInFlight = new BytesInFlight(MAX_REPORT_BYTES_IN_FLIGHT)

/** One a Worker isolate, so that many reports make one write. */
const counts = new Counts(systemClock, systemRandomBytes)

let rulesets: RulesetSource | null = null
let secrets: ViewSecrets | null = null

/** The throttle rules in force: one source an isolate. */
function rulesetsOf(env: Pick<Env, 'CONFIG'>, builtIn: BuiltInRulesetName): RulesetSource {
  rulesets ??= rulesetSource(BUILT_IN_RULESETS[builtIn], {
    ...{ config: env.CONFIG, stage: 'collector', keepsLastGood: true },
    ...{ clock: systemClock, log: consoleLog },
  })
  return rulesets
}

const countersOf = (env: Pick<Env, 'COUNTERS'>) => env.COUNTERS.getByName(COUNTERS_NAME)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

let products: PromptDocument<Products> | null = null

/** The products document: one an isolate. Not known, it is null, and then environments are stripped (strip.ts). */
function productsOf(env: Pick<Env, 'CONFIG'>): PromptDocument<Products> {
  const deps = { clock: systemClock, log: consoleLog }
  // A document with a mistake may ask for stripping: until it can be read once, all is stripped.
  products ??= promptDocument(
    productsDocument(NO_PRODUCTS, { config: env.CONFIG, stage: 'collector', keepsLastGood: true, ...deps }, null),
    { name: 'the products', clock: systemClock, late: () => consoleLog('collector', 'products_late') },
  )
  return products
}

/** The app of one request. */
export function appOf(env: Env, context: ExecutionContext): ReturnType<typeof createApp> {
  const config = readConfig(env, ...VARIABLES)
  const rulesets = rulesetsOf(env, config.RULESET)
  secrets ??= viewSecrets(config.VIEW_URL_SECRET)
  const pageSecrets = secrets
  return createApp({
    bucket: env.CRASHES,
    queue: env.CRASH_QUEUE,
    rulesets,
    draw: drawFrom(systemRandomBytes),
    ruleCounts: counts,
    duplicates: duplicatesOf(env.DUPLICATES),
    book: (answer, defer) => {
      counts.countAnswer(answer)
      counts.flushLater({ keeper: countersOf(env), defer, pause: sleep, log: consoleLog })
    },
    products: productsOf(env),
    furtherLines: (answer) => furtherLines(answer, config.VIEW_URL_BASE, pageSecrets),
    submitterToken: config.SUBMITTER_TOKEN,
    bytesInFlight,
    clock: systemClock,
    randomBytes: systemRandomBytes,
    log: consoleLog,
    bodyDeadlineMs: REPORT_BODY_DEADLINE_MS,
    oversize: config.OVERSIZE,
    saveBudgetMs: SAVE_BUDGET_MS,
    version: config.MAYDAY_VERSION,
    heartbeatChecks: [
      { name: 'r2_crashes', ask: () => env.CRASHES.head('heartbeat') },
      { name: 'r2_config', ask: () => env.CONFIG.head('heartbeat') },
      { name: 'queue_crashes', ask: () => env.CRASH_QUEUE.metrics() },
      { name: 'do_counters', ask: () => countersOf(env).ping() },
      { name: 'ruleset', severity: 'warning', ask: () => isInForce(rulesets, context) },
      { name: 'products', severity: 'warning', ask: () => isInForce(productsOf(env), context) },
      { name: 'view_url', severity: 'warning', ask: () => hasSecret(config) },
    ],
  })
}

/** Throws where answers should have a ViewURL and nothing makes its secret. */
async function hasSecret({ VIEW_URL_BASE, VIEW_URL_SECRET }: { VIEW_URL_BASE: string; VIEW_URL_SECRET: string }) {
  if (VIEW_URL_BASE !== '' && VIEW_URL_SECRET === '') throw new Error('VIEW_URL_BASE needs VIEW_URL_SECRET')
}

/** Throws where a document is there and not in force: intake goes on by the one before, but somebody should know. */
async function isInForce(source: RulesetSource | PromptDocument<Products>, context: ExecutionContext): Promise<void> {
  await source.current((work) => context.waitUntil(work))
  const problem = source.problem()
  if (problem !== null) throw new Error(problem)
}
