import { AGGREGATION_CASES } from './semantics-aggregations.ts'
import type { SemanticsCase } from './semantics-case.ts'
import { CONTROL_CASES } from './semantics-controls.ts'
import { FILTER_CASES } from './semantics-filters.ts'

/**
 * What SuperSearch means, as a table. Every engine behind SearchBackend must give these answers. Ids such as W14 are the conformance cases
 * of specs/webapp.md section 7.
 */
export const SEMANTICS: readonly SemanticsCase[] = [...FILTER_CASES, ...CONTROL_CASES, ...AGGREGATION_CASES]
