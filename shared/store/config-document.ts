import type { Clock } from '../clock.ts'
import { withDeadline } from '../deadline.ts'
import { CONFIG_DEADLINE_MS, CONFIG_REFRESH_MS } from '../limits.ts'
import { errorText, type Log } from '../log.ts'

/** What a document needs of the bucket CONFIG. */
export interface ConfigStore {
  get(key: string): Promise<{
    readonly etag: string
    readonly size: number
    readonly body: { cancel(): Promise<void> }
    text(): Promise<string>
  } | null>
  put(key: string, value: string): Promise<unknown>
}

/** What a document says, or where its first mistake is. */
export type DocumentReading<Value> =
  | { readonly kind: 'parsed'; readonly value: Value }
  | { readonly kind: 'malformed'; readonly path: string; readonly problem: string }

export interface ConfigDocumentForm<Value> {
  /** Its key in CONFIG, `products.json`. */
  readonly key: string
  /** Its name in log lines: `products_malformed`, `products_unavailable`. */
  readonly name: string
  readonly maxBytes: number
  /** What holds where there is no document. */
  readonly builtIn: Value
  /** What holds where the document is wrong and there was no good one before: null is that nobody knows. Without it, what is built in. */
  readonly whereNoneWasGood?: Value | null
  readonly parse: (json: string) => DocumentReading<Value>
}

export interface ConfigDocumentDeps {
  readonly config: ConfigStore
  /** The stage that logs. */
  readonly stage: string
  /** Whether this stage keeps the copy that isolates start with while the document is wrong. One stage does. */
  readonly keepsLastGood: boolean
  readonly clock: Clock
  readonly log: Log
}

/** A configuration document as an isolate holds it. */
export interface ConfigDocument<Value> {
  /**
   * What is in force, at most CONFIG_REFRESH_MS old. A document that is wrong, too large or cannot be read leaves what was before in force, and a
   * log line says why. Null where CONFIG has not answered once yet: nobody knows what the deployment says (see also `whereNoneWasGood`). Never throws.
   */
  current(): Promise<Value | null>
  /** Why the document that lies in CONFIG is not in force; null where it is. */
  problem(): string | null
}

/** One document an isolate: what runs at once shares one read. */
export function configDocument<Value>(
  { key, name, maxBytes, builtIn, whereNoneWasGood = builtIn, parse }: ConfigDocumentForm<Value>,
  { config, stage, keepsLastGood, clock, log }: ConfigDocumentDeps,
): ConfigDocument<Value> {
  const lastGoodKey = key.replace(/\.json$/, '.last_good.json')
  let held: Value | null = null
  let heldEtag: string | null = null
  let readAtMs = Number.NEGATIVE_INFINITY
  let problem: string | null = null
  let reading: Promise<void> | null = null

  const read = async (): Promise<void> => {
    const object = await config.get(key)
    if (object === null) {
      held = builtIn
      heldEtag = null
      problem = null
      return
    }
    if (object.etag === heldEtag) return await object.body.cancel()
    const isTooLarge = object.size > maxBytes
    const json = isTooLarge ? await object.body.cancel().then(() => '') : await object.text()
    const document = isTooLarge ? tooLarge(maxBytes) : parse(json)
    if (document.kind === 'malformed') {
      held ??= await readLastGood()
      problem = `${key}: ${document.path}: ${document.problem}`
      log(stage, `${name}_malformed`, { path: document.path, problem: document.problem })
    } else {
      held = document.value
      problem = null
      if (keepsLastGood) await keepLastGood(json)
    }
    heldEtag = object.etag
  }

  const readLastGood = async (): Promise<Value | null> => {
    const object = await config.get(lastGoodKey)
    const document = object === null ? null : parse(await object.text())
    return document?.kind === 'parsed' ? document.value : whereNoneWasGood
  }

  const keepLastGood = async (json: string): Promise<void> => {
    const kept = await config.get(lastGoodKey)
    if (kept === null || (await kept.text()) !== json) await config.put(lastGoodKey, json)
  }

  const reread = async (): Promise<void> => {
    try {
      await withDeadline(`R2 ${key}`, CONFIG_DEADLINE_MS, read())
      readAtMs = clock()
    } catch (thrown) {
      log(stage, `${name}_unavailable`, { error: errorText(thrown) })
      // What is held is good for another while; without anything, the next one asks again.
      if (held !== null) readAtMs = clock()
    }
  }

  return {
    async current() {
      if (clock() - readAtMs >= CONFIG_REFRESH_MS) {
        reading ??= reread().finally(() => {
          reading = null
        })
        await reading
      }
      return held
    },
    problem: () => problem,
  }
}

function tooLarge(maxBytes: number): { readonly kind: 'malformed'; readonly path: string; readonly problem: string } {
  return { kind: 'malformed', path: '(document)', problem: `more than ${maxBytes} bytes` }
}
