import { errorText } from '#shared/log.ts'
import type { DashboardDeps } from './deps.ts'
import { bugUrl } from './views/bug-text.ts'

/** A bug of a crash's signature, with its page where the product's tracker is known. */
export interface ReportBug {
  readonly bugId: number
  readonly href: string | null
}

/** Bugs that one report names; the signature's page has all. */
const MAX_SHOWN_BUGS = 10

/** The bugs of a crash's signature. Without D1 a report is worth reading all the same. */
export async function reportBugs(
  crash: Readonly<Record<string, unknown>>,
  deps: Pick<DashboardDeps, 'signatures' | 'products' | 'log'>,
): Promise<readonly ReportBug[]> {
  if (typeof crash.signature !== 'string') return []
  try {
    const [bugs, known] = await Promise.all([deps.signatures.bugsOf([crash.signature]), deps.products.current()])
    const templates = known?.products.find(({ name }) => name === crash.product)?.bug_links ?? []
    const ids = [...new Set(bugs.map(({ bugId }) => bugId))]
    return ids.slice(-MAX_SHOWN_BUGS).map((bugId) => ({ bugId, href: bugUrl(templates, bugId) }))
  } catch (thrown) {
    deps.log('dashboard', 'bugs_unavailable', { error: errorText(thrown) })
    return []
  }
}
