import { revisionKey } from '#shared/db/symbol-revisions.ts'
import { errorText } from '#shared/log.ts'
import { type SourceFinder, sourceFinder } from '#shared/source-links/source-links.ts'
import type { SourceRule } from '#shared/source-links/source-rule.ts'
import type { DashboardDeps } from './deps.ts'
import { asFlag, asList, asRecord, asText } from './views/json-value.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * How the frames of a crash find their source: by the rules of its product. Both JSONs are what the viewer may see, so that a protected annotation
 * gives a revision to nobody else.
 */
export async function reportSources(crash: Json, rawCrash: Json, deps: DashboardDeps): Promise<SourceFinder> {
  const { products } = (await deps.products.current()) ?? { products: [] }
  const rules = products.find(({ name }) => name === crash.product)?.source_links ?? []
  if (rules.length === 0) return sourceFinder()
  const uploaded = await uploadedRevisions(rules, crash, deps)
  return sourceFinder(rules, {
    annotation: (name) => (Object.hasOwn(rawCrash, name) ? asText(rawCrash[name]) : null),
    symbolUpload: (module) => (module === null ? null : (uploaded.get(module) ?? null)),
    version: asText(crash.version),
  })
}

/** The revisions that uploaders of symbols stated, by the file names of the crash's modules. Without D1 the page has fewer links. */
async function uploadedRevisions(
  rules: readonly SourceRule[],
  crash: Json,
  deps: Pick<DashboardDeps, 'symbolRevisions' | 'log'>,
): Promise<ReadonlyMap<string, string>> {
  if (!rules.some(({ revision }) => revision.some((source) => 'symbol_upload' in source))) return new Map()
  const modules = asList(asRecord(crash.json_dump).modules)
    .map(asRecord)
    .flatMap((module) => {
      const [filename, debugFile, debugId] = [module.filename, module.debug_file, module.debug_id].map(asText)
      if (!filename || !debugFile || !debugId || !asFlag(module.loaded_symbols)) return []
      return [{ filename, debugFile, debugId }]
    })
  try {
    const known = await deps.symbolRevisions.of(modules)
    return new Map(
      modules.flatMap((module) => {
        const revision = known.get(revisionKey(module))
        return revision === undefined ? [] : [[module.filename, revision] as const]
      }),
    )
  } catch (thrown) {
    deps.log('dashboard', 'symbol_revisions_unavailable', { error: errorText(thrown) })
    return new Map()
  }
}
