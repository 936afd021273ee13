import type { FieldCatalog } from '#shared/search/fields.ts'
import type { DashboardDeps } from './deps.ts'
import { StageUnavailable } from './stage-unavailable.ts'

/**
 * The search fields of this deployment. Throws {@link StageUnavailable} while nobody knows them: with the built-in ones alone a filter by
 * a deployment's own field would be left out, and the answer would be of other crashes than were asked for.
 */
export async function searchFields({ annotations }: Pick<DashboardDeps, 'annotations'>): Promise<FieldCatalog> {
  const registry = await annotations.current()
  if (registry === null) throw new StageUnavailable('R2 CONFIG', new Error('annotations.json has not been read yet'))
  return registry.fields
}
