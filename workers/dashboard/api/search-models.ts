import { z } from 'zod'
import { API_CACHE_SECONDS, MAX_FACETS_SIZE, MAX_RESULTS_NUMBER, MAX_RESULTS_WINDOW } from '#shared/limits.ts'
import { BUILT_IN_FIELDS, type SearchField } from '#shared/search/fields.ts'
import type { Model, Parameters } from './model.ts'
import { superSearch } from './super-search.ts'
import { superSearchFields } from './super-search-fields.ts'
import { superSearchUnredacted } from './super-search-unredacted.ts'

/** Super Search reads its parameters itself (shared/search/query.ts): their names are those of fields. Here they are told, not checked. */

const texts = (description: string, ...example: readonly string[]) =>
  z
    .array(z.string())
    .optional()
    .meta({ description, ...(example.length === 0 ? {} : { examples: [example] }) })
const count = (description: string, max: number, byDefault: number) =>
  z.number().int().min(0).max(max).default(byDefault).meta({ description })

const CONTROLS: Parameters = {
  _columns: texts('Fields of each hit.', 'uuid', 'date', 'signature'),
  _results_number: count('Hits of this page.', MAX_RESULTS_NUMBER, 100),
  _results_offset: count('Hits before this page; with the number at most 10,000.', MAX_RESULTS_WINDOW, 0),
  _sort: texts('Fields to order by, `-` for the other direction.', '-date'),
  _facets: texts('Fields to count by, `_cardinality.<field>` or `_histogram.<field>`.', 'signature'),
  '_aggs.signature': texts(
    'What to count again in each signature; of any field, or a chain of up to three.',
    'product',
  ),
  '_histogram.date': texts('What to count again in each step of time; also of numbers.', 'product'),
  '_histogram_interval.date': z.string().optional().meta({
    description: '`minute`, `hour`, `day`, `week`, `month`, `quarter` or `year`; of a number its width.',
  }),
  _facets_size: count('Terms of each facet; 0 for no counting at all.', MAX_FACETS_SIZE, 50),
  _cursor: z.string().optional().meta({
    description: 'Ours. Empty for the first page, then the `cursor` of the answer before: pages beyond 10,000 hits.',
  }),
  _return_query: z.string().optional().meta({ description: '`1`: the query and the weeks it would ask, and no hits.' }),
  _estimate: z.string().optional().meta({ description: 'Ours. `1`: what each count stands for before sampling.' }),
}

const fieldParameter = (field: SearchField): readonly [string, z.ZodType] => [field.name, texts(field.description)]
const parametersOf = (isShown: (field: SearchField) => boolean): Parameters => ({
  ...CONTROLS,
  ...Object.fromEntries(BUILT_IN_FIELDS.fields.filter(isShown).map(fieldParameter)),
})

const TRIED = ['product', 'version', 'signature', 'date', '_columns', '_facets', '_results_number', '_sort']

const termSchema = z.looseObject({
  term: z.union([z.string(), z.number(), z.boolean()]),
  count: z.number().int(),
  estimate: z.number().optional(),
})
const answerSchema = z.looseObject({
  hits: z.array(z.record(z.string(), z.unknown())),
  total: z.number().int(),
  facets: z.record(z.string(), z.union([z.array(termSchema), z.object({ value: z.number().int() })])),
  errors: z.array(z.looseObject({ type: z.enum(['shards', 'missing_index', 'warning']) })),
})

export const SEARCH_MODELS: readonly Model[] = [
  {
    name: 'SuperSearch',
    about:
      'Finds and counts crashes by any field. `field=value`, with `!` before an operator (`=` `~` `^` `$` `@` `>` `>=` `<` `<=`) for not. POST takes the same as a form.',
    verbs: ['GET', 'POST'],
    needs: null,
    cacheSeconds: API_CACHE_SECONDS,
    parameters: parametersOf(({ permission }) => permission === 'public'),
    tried: TRIED,
    results: { 'application/json': answerSchema },
    answer: superSearch,
  },
  {
    name: 'SuperSearchUnredacted',
    about: 'SuperSearch with the protected fields. Unknown fields in facets and sorts are bad parameters.',
    verbs: ['GET', 'POST'],
    needs: 'view_pii',
    cacheSeconds: 0,
    parameters: parametersOf(() => true),
    tried: TRIED,
    results: { 'application/json': answerSchema },
    answer: superSearchUnredacted,
  },
  {
    name: 'SuperSearchFields',
    about: 'Every search field, with its type, operators and permission.',
    verbs: ['GET'],
    needs: null,
    cacheSeconds: API_CACHE_SECONDS,
    parameters: {},
    results: { 'application/json': z.record(z.string(), z.looseObject({ name: z.string() })) },
    answer: superSearchFields,
  },
]
