import { MAX_PRODUCTS_BYTES } from '../limits.ts'
import { type ConfigDocument, type ConfigDocumentDeps, configDocument } from '../store/config-document.ts'
import { type Products, parseProducts } from './products.ts'

/**
 * The products document (`products.json` of CONFIG), as an isolate holds it; without one, the preset's. Where it is wrong and no good one is known, also the
 * preset's, or what `whereNoneWasGood` says.
 */
export function productsDocument(
  builtIn: Products,
  deps: ConfigDocumentDeps,
  whereNoneWasGood: Products | null = builtIn,
): ConfigDocument<Products> {
  return configDocument(
    {
      key: 'products.json',
      name: 'products',
      maxBytes: MAX_PRODUCTS_BYTES,
      builtIn,
      whereNoneWasGood,
      parse(json) {
        const parsed = parseProducts(json)
        return parsed.kind === 'parsed' ? { kind: 'parsed', value: parsed.products } : parsed
      },
    },
    deps,
  )
}
