import { may, type Viewer } from '#shared/auth/permissions.ts'
import type { Clock } from '#shared/clock.ts'
import type { CrashId } from '#shared/crash-id.ts'
import type { AccessKind, AccessLog } from '#shared/db/access-log.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { FieldCatalog } from '#shared/search/fields.ts'
import type { Aggregation, SearchQuery } from '#shared/search/search-query.ts'

/** The access log cannot be written, so nothing protected leaves: 503, and public data goes on. */
export class AccessUnrecorded extends Error {
  constructor(cause: unknown) {
    super(errorText(cause))
    this.name = 'AccessUnrecorded'
  }
}

export interface AccessRecordDeps {
  readonly accessLog: Pick<AccessLog, 'add'>
  readonly clock: Clock
  readonly log: Log
}

/** What is about to be shown to somebody. */
export interface Access {
  readonly what: AccessKind
  readonly crashId: CrashId | null
  /** Names of a dump or of search fields. */
  readonly detail?: string
  /** What has been read and waits to leave; cancelled where it may not. */
  readonly waiting?: readonly ReadableStream[]
}

/**
 * Writes down that this viewer is about to see protected data: called before the bytes leave, once a view. Throws {@link AccessUnrecorded} when it
 * cannot be written, and then nothing protected may be shown.
 */
export async function recordAccess(
  { what, crashId, detail = '', waiting = [] }: Access,
  { email, tokenId }: Viewer,
  { accessLog, clock, log }: AccessRecordDeps,
): Promise<void> {
  try {
    if (email === null) throw new Error('nobody in particular sees protected data')
    // One spelling a person: tokens may have been made with another.
    await accessLog.add({ atMs: clock(), email: email.toLowerCase(), tokenId: tokenId ?? null, what, crashId, detail })
  } catch (thrown) {
    log('dashboard', 'access_unrecorded', { what, crash_id: crashId, error: errorText(thrown) })
    await Promise.all(waiting.map((stream) => stream.cancel()))
    throw new AccessUnrecorded(thrown)
  }
}

/** {@link recordAccess} for the values of one crash; whoever sees no more than everybody is not written down. */
export async function recordCrashAccess(
  crashId: CrashId,
  waiting: readonly ReadableStream[],
  viewer: Viewer,
  deps: AccessRecordDeps,
): Promise<void> {
  if (may(viewer, 'view_pii')) await recordAccess({ what: 'protected_values', crashId, waiting }, viewer, deps)
}

/** {@link recordAccess} for a search; one of public fields alone is not written down. */
export async function recordSearchAccess(
  query: SearchQuery,
  catalog: FieldCatalog,
  viewer: Viewer,
  deps: AccessRecordDeps,
): Promise<void> {
  const names = protectedFields(query, catalog)
  if (names.length === 0) return
  const what = names.includes(COMMENTS_FIELD) ? 'comments' : 'search'
  await recordAccess({ what, crashId: null, detail: names.join(' ') }, viewer, deps)
}

const COMMENTS_FIELD = 'user_comments'

/**
 * The protected fields that an answer to this query would tell of, by filters too: a count of the crashes with a URL tells who visited it. A field
 * that the catalog does not know counts as protected.
 */
export function protectedFields(query: SearchQuery, catalog: FieldCatalog): readonly string[] {
  const fields = [
    ...query.columns,
    ...query.filters.map(({ field }) => field),
    ...query.sort.map(({ field }) => field),
    ...query.aggregations.flatMap(fieldsOf),
  ]
  const names = new Set(fields.map(({ name }) => name))
  return [...names].filter((name) => catalog.find(name)?.permission !== 'public').sort()
}

function fieldsOf(aggregation: Aggregation): readonly { readonly name: string }[] {
  return [aggregation.field, ...('then' in aggregation ? aggregation.then.flatMap(fieldsOf) : [])]
}
