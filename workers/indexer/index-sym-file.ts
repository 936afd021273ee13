import type { SymbolIndexBooks } from '#shared/db/symbol-indexes.ts'
import { INDEX_TURN_DEADLINE_MS } from '#shared/limits.ts'
import type { BuildTurn } from '#shared/symbols/build-turn.ts'
import { buildStoredIndex, type IndexBuildDeps, type IndexBuildOutcome } from '#shared/symbols/index-build.ts'
import { isSymFile, parseSymbolObjectKey } from '#shared/symbols/key.ts'
import { recordOutcome } from '#shared/symbols/upload-indexes.ts'

export interface IndexSymFileDeps extends IndexBuildDeps {
  readonly indexes: Pick<SymbolIndexBooks, 'record'>
  readonly turn: BuildTurn
}

/** What became of a message for one sym file. `busy`: other builds have the turn; like `changing` it comes back later. */
export type IndexSymFileOutcome = IndexBuildOutcome | { readonly kind: 'busy' } | { readonly kind: 'no_sym_file' }

/** Builds the index of one stored sym file and writes its books. Throws when the platform fails; running it again is harmless. */
export async function indexSymFile(objectKey: string, deps: IndexSymFileDeps): Promise<IndexSymFileOutcome> {
  const stored = parseSymbolObjectKey(objectKey)
  if (stored === null || !isSymFile(stored.key)) return { kind: 'no_sym_file' }
  const turn = await deps.turn.run(INDEX_TURN_DEADLINE_MS, () => buildStoredIndex(deps, objectKey))
  if (turn.kind === 'busy') return turn
  await recordOutcome(deps.indexes, objectKey, turn.value)
  return turn.value
}
