import type { Answer } from '../deps.ts'
import { searchAnswer } from './super-search.ts'

/**
 * `GET /api/SuperSearchUnredacted/`: SuperSearch for those with view_pii, which the table of services asks for. A facet or a sort that names no field is
 * 400 (specs/webapp.md 2.2); a parameter that is no field is left out with a warning, as the peer drops what it does not declare.
 */
export const superSearchUnredacted: Answer = (context, deps) => searchAnswer(context, deps, 'refused')
