import { systemClock } from '#shared/clock.ts'
import { consoleLog } from '#shared/log.ts'
import type { Products } from '#shared/products/products.ts'
import { productsDocument } from '#shared/products/products-document.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { type SignatureListSource, signatureListSource } from '#shared/signature/list-source.ts'
import type { ConfigDocument } from '#shared/store/config-document.ts'
import { annotationsOf } from './annotations.ts'
import { app } from './app.ts'
import { consumeCrashes } from './consume.ts'
import { LargeCrashTurn } from './crash-memory.ts'
import type { Env } from './env.ts'
import { noteSignature } from './note-signature.ts'
import { readPreset } from './preset.ts'
import { processCrash } from './process.ts'
import { RULESETS } from './rules/rulesets.ts'

export { CrashStore } from './crash-store.ts'

/** One an isolate: it holds the lists between reads. */
let signatureLists: SignatureListSource | null = null

function signatureListsOf(env: Env): SignatureListSource {
  signatureLists ??= signatureListSource({
    config: env.CONFIG,
    builtIn: defaultSignatureLists(),
    stage: 'processor',
    keepsLastGood: true,
    clock: systemClock,
    log: consoleLog,
  })
  return signatureLists
}

const largeCrashes = new LargeCrashTurn(systemClock)
let products: ConfigDocument<Products> | null = null

/** The queue that a batch came from, and its dead-letter queue. A deployment may put a prefix before the names. */
function queuesOf(env: Env, queueName: string) {
  if (queueName.endsWith('-priority'))
    return { queue: env.CRASH_PRIORITY_QUEUE, deadQueue: env.CRASH_PRIORITY_DEAD_QUEUE }
  if (queueName.endsWith('-reprocess'))
    return { queue: env.CRASH_REPROCESS_QUEUE, deadQueue: env.CRASH_REPROCESS_DEAD_QUEUE }
  return { queue: env.CRASH_QUEUE, deadQueue: env.CRASH_DEAD_QUEUE }
}

export default {
  fetch: app.fetch,

  async queue(batch, env, context) {
    const preset = readPreset(env)
    products ??= productsDocument(preset.products, {
      config: env.CONFIG,
      stage: 'processor',
      keepsLastGood: false,
      clock: systemClock,
      log: consoleLog,
    })
    const [productsNow, registry] = await Promise.all([products.current(), annotationsOf(env).current()])
    await consumeCrashes(batch.messages, {
      ...queuesOf(env, batch.queue),
      isReprocessing: batch.queue.endsWith('-reprocess'),
      processCrash: async (request) => {
        const lists = await signatureListsOf(env)
          .current()
          .catch(() => null)
        if (lists === null) return { kind: 'retry', reason: 'storage_unavailable', detail: 'signature lists' }
        // Without it, annotations of the deployment would be left out of the processed crash.
        if (registry === null) return { kind: 'retry', reason: 'storage_unavailable', detail: 'annotations' }
        return processCrash(request, {
          crashes: env.CRASHES,
          stackwalker: env.STACKWALKER,
          search: env.SEARCH,
          lists,
          products: productsNow ?? preset.products,
          registry,
          scrub: preset.scrub,
          largeCrashes,
          signed: (rawCrash, signature) =>
            noteSignature(rawCrash, signature, {
              ...{ duplicates: env.DUPLICATES, lists: lists.hash, log: consoleLog },
              defer: (work) => context.waitUntil(work),
            }),
          rulesets: RULESETS,
          clock: systemClock,
          log: consoleLog,
        })
      },
      clock: systemClock,
      log: consoleLog,
    })
  },
} satisfies ExportedHandler<Env>
