import { BUILT_IN_REGISTRY } from '#shared/annotations/registry.ts'
import { parseCrashId } from '#shared/crash-id.ts'
import { NO_PRODUCTS, type Product, type Products, productsSchema } from '#shared/products/products.ts'
import type { JsonValue } from '#shared/raw-crash.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { applyRuleset, type RulesetInput } from '../apply-ruleset.ts'
import { RULESETS } from './rulesets.ts'

/** For the tests of rules: the default ruleset on annotations and a stackwalk, without storage. */

export const SUBMITTED = '2026-11-23T01:02:03.450000+00:00'

/** The processed crash of these annotations and this stackwalk of the main dump, and its notes one by one. */
export function processedCrash(
  annotations: Record<string, JsonValue>,
  jsonDump?: Record<string, unknown>,
  changes: Partial<RulesetInput> = {},
) {
  const uuid = parseCrashId('0bba929f-8721-460c-8e70-a43c95261123')
  if (uuid === null) throw new Error('bad id')
  const walk = {
    dumpName: 'upload_file_minidump',
    kind: 'walked' as const,
    stackwalkVersion: 'test',
    unavailableSymbols: 0,
  }
  const processed = applyRuleset({
    ruleset: 'default',
    rules: RULESETS.default,
    rawCrash: { annotations, uuid, submitted_timestamp: SUBMITTED, metadata: { collector_notes: [] } },
    dumpNames: jsonDump === undefined ? [] : ['upload_file_minidump'],
    walks: jsonDump === undefined ? [] : [{ ...walk, jsonDump: structuredClone(jsonDump) }],
    memoryReport: { kind: 'absent' },
    lists: defaultSignatureLists(),
    products: NO_PRODUCTS,
    registry: BUILT_IN_REGISTRY,
    scrub: null,
    earlierJson: null,
    startedAtMs: 0,
    clock: () => 0,
    ...changes,
  })
  return { processed, notes: String(processed.processor_notes).split('\n').slice(1) }
}

/** A stackwalk whose crashing thread has these frames. */
export function stack(frames: readonly unknown[], rest: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    status: 'OK',
    crash_info: { crashing_thread: 0 },
    threads: [{ frames, frame_count: frames.length }],
    ...rest,
  }
}

/** A products document of one product with these rules. */
export function products(name: string, rules: Product['rules']): Products {
  return productsSchema.parse({ version: 1, products: [{ name, rules }] })
}
