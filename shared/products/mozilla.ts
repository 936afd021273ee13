import { type ProductRule, type Products, productsSchema } from './products.ts'

/** The theme that every desktop browser of Mozilla comes with. */
const DEFAULT_THEME: ProductRule = {
  rule: 'ThemePrettyName',
  addon_ids: ['{972ce4c6-7e08-4474-a285-3208198ce6fd}'],
}
const ESR: ProductRule = { rule: 'ESRVersionRewrite' }
const BETA: ProductRule = { rule: 'BetaVersion', channels: ['aurora', 'beta'], versions: {} }

/**
 * The products of `PRESET=mozilla`, with the rules that Socorro has for each (specs/processor.md 1.3, 7, 8, 40 and 45). Versions of beta builds
 * change every day and are not ours to know: a products document in CONFIG brings them.
 */
export const MOZILLA_PRODUCTS: Products = productsSchema.parse({
  version: 1,
  products: [
    { name: 'Firefox', channels: ['release', 'beta', 'aurora', 'nightly', 'esr'], rules: [ESR, BETA, DEFAULT_THEME] },
    { name: 'Thunderbird', channels: ['release', 'beta', 'nightly', 'esr'], rules: [ESR, BETA, DEFAULT_THEME] },
    { name: 'Fenix', channels: ['release', 'beta', 'nightly'], rules: [{ rule: 'FenixVersionRewrite' }] },
    { name: 'Focus', channels: ['release', 'beta', 'nightly'] },
  ],
})
