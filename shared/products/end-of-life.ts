import type { Annotations } from '../raw-crash.ts'
import { type Products, productRule } from './products.ts'

/** What may stand in an answer's line, and in the name of the file that a client makes of it. */
const TELLABLE = /^[A-Za-z0-9._+-]{1,100}$/

/**
 * The version that a report's client is told to send no more reports for: its own, where the products document marks it end of life; else null.
 *
 * A client keeps the order by the version that it knows of itself, for all its channels. So a version that only processing gives a build is met where it
 * still names the client (`128.3.0esr` is 128.3.0 on channel esr), and never where it would silence others (a beta of 140.0 calls itself 140.0 as the release does).
 */
export function endOfLifeVersion(
  products: Products,
  { ProductName, Version, ReleaseChannel }: Annotations,
): string | null {
  if (typeof Version !== 'string' || !TELLABLE.test(Version)) return null
  const product = products.products.find(({ name }) => name === ProductName)
  if (product === undefined) return null
  const betas = productRule(products, ProductName, 'BetaVersion')
  if (betas?.channels.some((channel) => channel === ReleaseChannel)) return null
  const isEsr = ReleaseChannel === 'esr' && productRule(products, ProductName, 'ESRVersionRewrite') !== null
  return product.end_of_life_versions.includes(isEsr ? `${Version}esr` : Version) ? Version : null
}
