import type { SearchField } from '#shared/search/fields.ts'
import type { DashboardDeps } from './deps.ts'
import type { PageSearch } from './page-search.ts'

/** Where a product names no client id: InstallTime, the second at which the installation was made, which the peer counts as well. */
const INSTALL_TIME = 'install_time'

/**
 * The search field whose different values are counted as installs: that of the product's `client_id_annotation` where the deployment's annotations.json lists it for
 * search, else InstallTime. A protected client id stays protected, even as a count (with filters a count would tell whether two reports are of one client): who
 * may not see it counts by InstallTime.
 */
export async function installsFieldOf(
  product: string | null,
  { catalogField }: Pick<PageSearch, 'catalogField'>,
  { products, annotations }: Pick<DashboardDeps, 'products' | 'annotations'>,
): Promise<SearchField['name']> {
  const [document, registry] = await Promise.all([products.current(), annotations.current()])
  const clientId = document?.products.find(({ name }) => name === product)?.client_id_annotation ?? null
  const key = clientId === null ? undefined : registry?.annotations.find(({ name }) => name === clientId)?.copy?.key
  return catalogField(key ?? INSTALL_TIME)?.name ?? INSTALL_TIME
}
