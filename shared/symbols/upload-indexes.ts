import type { PendingIndex, RecordedIndex, SymbolIndexBooks } from '../db/symbol-indexes.ts'
import { R2_CONCURRENCY, SMALL_SYM_TEXT_BYTES, UPLOAD_INDEX_TURN_DEADLINE_MS } from '../limits.ts'
import { errorText, type Log } from '../log.ts'
import type { BuildTurn } from './build-turn.ts'
import { buildStoredIndex, type IndexBuildDeps, type IndexBuildOutcome } from './index-build.ts'
import { type IndexRequestDeps, requestUploadIndexes } from './index-requests.ts'
import type { IndexState } from './index-state.ts'

export interface UploadIndexDeps extends IndexBuildDeps, IndexRequestDeps {
  readonly indexes: SymbolIndexBooks
  readonly turn: BuildTurn
  readonly log: Log
}

/**
 * Builds the indexes of an upload that was just unpacked while its uploader waits: small files side by side, since each waits for R2 most of the time, and larger
 * ones one after the other. What cannot be built now (another build has the turn, storage failed) is left to the indexer. Never throws: the files are
 * stored, and their first reader asks for an index that is not there.
 */
export async function indexUploadNow(
  deps: UploadIndexDeps,
  uploadId: number,
): Promise<{ readonly built: number; readonly left: number }> {
  let built = 0
  try {
    const pending = await deps.indexes.pendingOf(uploadId)
    const turn = await deps.turn.run(UPLOAD_INDEX_TURN_DEADLINE_MS, () => buildAll(deps, pending))
    if (turn.kind === 'done') built = turn.value
  } catch (thrown) {
    deps.log('symbols', 'index_left', { upload_id: uploadId, error: errorText(thrown) })
  }
  try {
    return { built, left: await requestUploadIndexes(deps, uploadId) }
  } catch (thrown) {
    deps.log('symbols', 'index_not_requested', { upload_id: uploadId, error: errorText(thrown) })
    return { built, left: 0 }
  }
}

/** Builds what it can and writes the books of it; answers how many. Throws when D1 fails. */
async function buildAll(deps: UploadIndexDeps, pending: readonly PendingIndex[]): Promise<number> {
  const recorded: RecordedIndex[] = []
  const build = async ({ objectKey }: PendingIndex) => {
    try {
      const state = stateOf(await buildStoredIndex(deps, objectKey, true))
      if (state !== null) recorded.push({ objectKey, state })
    } catch (thrown) {
      deps.log('symbols', 'index_left', { object_key: objectKey, error: errorText(thrown) })
    }
  }
  const small = pending.filter(({ textBytes }) => textBytes <= SMALL_SYM_TEXT_BYTES).values()
  const buildSmall = async () => {
    for (const file of small) await build(file)
  }
  await Promise.all(Array.from({ length: R2_CONCURRENCY }, buildSmall))
  for (const file of pending) if (file.textBytes > SMALL_SYM_TEXT_BYTES) await build(file)
  await deps.indexes.record(recorded)
  return recorded.length
}

/** Writes a build's outcome into the books. A file that is gone, or that changes still, has nothing to be said of. */
export async function recordOutcome(
  indexes: Pick<SymbolIndexBooks, 'record'>,
  objectKey: string,
  outcome: IndexBuildOutcome,
): Promise<void> {
  const state = stateOf(outcome)
  if (state !== null) await indexes.record([{ objectKey, state }])
}

function stateOf(outcome: IndexBuildOutcome): IndexState | null {
  switch (outcome.kind) {
    case 'indexed':
      return { state: 'indexed', index_bytes: outcome.indexBytes }
    case 'corrupt':
      return { state: 'corrupt', line: outcome.line, reason: outcome.reason }
    case 'gone':
    case 'changing':
      return null
  }
}
