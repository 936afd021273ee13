import type { Clock } from '#shared/clock.ts'
import { withDeadline } from '#shared/deadline.ts'
import { CONFIG_DEADLINE_MS, CONFIG_REFRESH_MS, MAX_PRODUCTS_BYTES } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { Bucket } from '#shared/ports.ts'
import { type Products, type ProductsParsing, parseProducts } from '#shared/products/products.ts'

/** The key in R2 CONFIG. */
const PRODUCTS_KEY = 'products.json'

export interface ProductsDocumentDeps {
  readonly config: Pick<Bucket, 'get'>
  readonly clock: Clock
  readonly log: Log
}

/**
 * The products document of this isolate: read again once CONFIG_REFRESH_MS have passed. A document that is wrong, too large or cannot be read
 * leaves the one before in force, and a log line names the path of the mistake; without a document the built-in one is in force.
 */
export class ProductsDocument {
  readonly #builtIn: Products
  #products: Products
  #etag: string | null = null
  #readAtMs = Number.NEGATIVE_INFINITY

  constructor(builtIn: Products) {
    this.#builtIn = builtIn
    this.#products = builtIn
  }

  /** The document that is in force. Never throws. */
  async current({ config, clock, log }: ProductsDocumentDeps): Promise<Products> {
    if (clock() - this.#readAtMs < CONFIG_REFRESH_MS) return this.#products
    this.#readAtMs = clock()
    try {
      await withDeadline('R2 products document', CONFIG_DEADLINE_MS, this.#read(config, log))
    } catch (thrown) {
      log('processor', 'products_unavailable', { error: errorText(thrown) })
    }
    return this.#products
  }

  async #read(config: Pick<Bucket, 'get'>, log: Log): Promise<void> {
    const object = await config.get(PRODUCTS_KEY)
    if (object === null) {
      this.#products = this.#builtIn
      this.#etag = null
      return
    }
    if (object.etag === this.#etag) return await object.body.cancel()
    this.#etag = object.etag
    const parsing = await parsed(object)
    if (parsing.kind === 'parsed') this.#products = parsing.products
    else log('processor', 'products_malformed', { path: parsing.path, problem: parsing.problem })
  }
}

async function parsed(object: R2ObjectBody): Promise<ProductsParsing> {
  if (object.size <= MAX_PRODUCTS_BYTES) return parseProducts(await object.text())
  await object.body.cancel()
  return { kind: 'malformed', path: '(document)', problem: `more than ${MAX_PRODUCTS_BYTES} bytes` }
}
