import type { Clock } from '../clock.ts'
import { SIGNATURE_LISTS_MAX_AGE_MS } from '../limits.ts'
import { errorText, type Log } from '../log.ts'
import {
  type ConfigBucket,
  keepLastGoodLists,
  readLastGoodLists,
  readStoredLists,
  type StoredListsReading,
} from '../store/signature-lists-store.ts'
import { readSignatureLists, type SignatureLists } from './lists.ts'

/** The lists in force, for an isolate. */
export interface SignatureListSource {
  /**
   * The lists of CONFIG, at most SIGNATURE_LISTS_MAX_AGE_MS old, else the built-in ones. A list that cannot be used is logged with its file and line
   * and changes nothing. Throws when R2 has not answered once yet: signing with other lists than the deployment's would be a wrong answer.
   */
  current(): Promise<SignatureLists>
}

export interface ListSourceDeps {
  readonly config: ConfigBucket
  readonly builtIn: SignatureLists
  /** The stage that logs. */
  readonly stage: string
  /** Whether this stage keeps the copy that isolates start with while a list is broken. One stage does. */
  readonly keepsLastGood: boolean
  readonly clock: Clock
  readonly log: Log
}

/** One source an isolate: concurrent crashes share one read. */
export function signatureListSource(deps: ListSourceDeps): SignatureListSource {
  let held: SignatureLists | null = null
  let readAtMs = Number.NEGATIVE_INFINITY
  let reading: Promise<SignatureLists> | null = null

  const reread = async (): Promise<SignatureLists> => {
    try {
      const lists = await readLists(held, deps)
      if (held !== null && lists.hash !== held.hash)
        deps.log(deps.stage, 'signature_lists_changed', { lists_hash: lists.hash, previous_hash: held.hash })
      held = lists
      readAtMs = deps.clock()
      return lists
    } catch (thrown) {
      deps.log(deps.stage, 'signature_lists_unavailable', { error: errorText(thrown) })
      if (held === null) throw thrown
      readAtMs = deps.clock()
      return held
    }
  }

  return {
    current() {
      if (held !== null && deps.clock() - readAtMs < SIGNATURE_LISTS_MAX_AGE_MS) return Promise.resolve(held)
      reading ??= reread().finally(() => {
        reading = null
      })
      return reading
    },
  }
}

async function readLists(held: SignatureLists | null, deps: ListSourceDeps): Promise<SignatureLists> {
  const stored = await readStoredLists(deps.config)
  if (stored.kind === 'none') return deps.builtIn
  const used = usableLists(stored, deps)
  if (used === null) return held ?? (await lastGoodLists(deps))
  if (deps.keepsLastGood && used.hash !== held?.hash && stored.kind === 'stored')
    await keepLastGoodLists(deps.config, stored.texts)
  return used
}

/** Null, and a log line that names the file and the line, where the stored lists cannot be used. */
function usableLists(stored: Exclude<StoredListsReading, { kind: 'none' }>, deps: ListSourceDeps) {
  if (stored.kind === 'unusable') {
    deps.log(deps.stage, 'signature_lists_unusable', { file: stored.file, reason: stored.why })
    return null
  }
  const reading = readSignatureLists(stored.texts)
  if (reading.kind === 'read') return reading.lists
  deps.log(deps.stage, 'signature_lists_unusable', {
    file: reading.file,
    line: reading.line,
    reason: 'bad_pattern',
  })
  return null
}

async function lastGoodLists({ config, builtIn }: ListSourceDeps): Promise<SignatureLists> {
  const texts = await readLastGoodLists(config)
  const reading = texts === null ? null : readSignatureLists(texts)
  return reading?.kind === 'read' ? reading.lists : builtIn
}
