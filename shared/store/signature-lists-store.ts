import { z } from 'zod'
import { withDeadline } from '../deadline.ts'
import { MAX_SIGNATURE_LIST_BYTES, R2_DEADLINE_MS } from '../limits.ts'
import { LIST_FILES, LIST_NAMES, type SignatureListTexts } from '../signature/lists.ts'

/** The signature lists of CONFIG: four files in Socorro's format under `signature/`, and a copy of the last that could be used. */

const listKey = (file: string) => `signature/${file}`
const LAST_GOOD_KEY = 'signature/last_good.json'

/** What these reads and writes need of the bucket. */
export interface ConfigBucket {
  get(key: string): Promise<{
    readonly size: number
    readonly body: { cancel(): Promise<void> }
    text(): Promise<string>
  } | null>
  put(key: string, value: string): Promise<unknown>
}

/** `none`: no list file is there, so the built-in lists hold. `unusable`: which file, and why. */
export type StoredListsReading =
  | { readonly kind: 'stored'; readonly texts: SignatureListTexts }
  | { readonly kind: 'none' }
  | { readonly kind: 'unusable'; readonly file: string; readonly why: 'missing' | 'too_large' }

/**
 * Reads the four files. One without the others is unusable: signing with half of a folder would give signatures that nobody asked for.
 * Throws when R2 does not answer.
 */
export async function readStoredLists(config: Pick<ConfigBucket, 'get'>): Promise<StoredListsReading> {
  const read = await withDeadline(
    'R2 get signature lists',
    R2_DEADLINE_MS,
    Promise.all(LIST_NAMES.map((name) => readListFile(config, LIST_FILES[name]))),
  )
  if (read.every(({ kind }) => kind === 'missing')) return { kind: 'none' }
  const texts: Record<keyof SignatureListTexts, string> = {
    irrelevant: '',
    prefix: '',
    sentinels: '',
    withLineNumbers: '',
  }
  for (const [at, name] of LIST_NAMES.entries()) {
    const file = read[at]
    if (file?.kind !== 'text') return { kind: 'unusable', file: LIST_FILES[name], why: file?.kind ?? 'missing' }
    texts[name] = file.text
  }
  return { kind: 'stored', texts }
}

type FileReading =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'too_large' }

async function readListFile(config: Pick<ConfigBucket, 'get'>, file: string): Promise<FileReading> {
  const object = await config.get(listKey(file))
  if (object === null) return { kind: 'missing' }
  if (object.size > MAX_SIGNATURE_LIST_BYTES) {
    await object.body.cancel()
    return { kind: 'too_large' }
  }
  return { kind: 'text', text: await object.text() }
}

const lastGoodSchema = z.object({
  irrelevant: z.string(),
  prefix: z.string(),
  sentinels: z.string(),
  withLineNumbers: z.string(),
})

/** The lists that were in force last, or null. An isolate that starts while a list is broken takes these, as its older siblings do. */
export async function readLastGoodLists(config: Pick<ConfigBucket, 'get'>): Promise<SignatureListTexts | null> {
  const object = await withDeadline('R2 get last good lists', R2_DEADLINE_MS, config.get(LAST_GOOD_KEY))
  if (object === null) return null
  const json = await withDeadline('R2 read last good lists', R2_DEADLINE_MS, object.text())
  const parsed = lastGoodSchema.safeParse(parsedJson(json))
  return parsed.success ? parsed.data : null
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Keeps lists that could be used. Throws when R2 does not answer. */
export async function keepLastGoodLists(config: Pick<ConfigBucket, 'put'>, texts: SignatureListTexts): Promise<void> {
  await withDeadline('R2 put last good lists', R2_DEADLINE_MS, config.put(LAST_GOOD_KEY, JSON.stringify(texts)))
}
