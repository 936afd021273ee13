import { readConfig } from '#shared/config.ts'
import type { TextScrub } from '#shared/permission-schema.ts'
import { MOZILLA_PRODUCTS } from '#shared/products/mozilla.ts'
import { NO_PRODUCTS, type Products } from '#shared/products/products.ts'
import { scrubFreeText } from '#shared/scrub.ts'

/** What the variable PRESET decides for the processor. */
export interface Preset {
  /** What is done with free text before it is public; null: nothing, as the peer. */
  readonly scrub: TextScrub | null
  /** The products where CONFIG has no document of them. */
  readonly products: Products
}

/** The preset of this environment. Throws for a value that there is not: what is public is never guessed. */
export function readPreset(env: unknown): Preset {
  switch (readConfig(env, 'PRESET').PRESET) {
    case 'none':
      return { scrub: scrubFreeText, products: NO_PRODUCTS }
    case 'mozilla':
      return { scrub: null, products: MOZILLA_PRODUCTS }
  }
}
