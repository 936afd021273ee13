import { parseShownCrashId } from '#shared/crash-id.ts'
import { MAX_SHOWN_BUG_SIGNATURES } from '#shared/limits.ts'
import { errorText } from '#shared/log.ts'
import type { Answer, DashboardDeps } from '../deps.ts'
import { signaturePath } from '../views/signature-request.ts'

/** `bug 1234`, `#1234`. A bare number may be a part of a signature: it counts as a bug only where a signature has that bug. */
const BUG = /^(?:bug\s*|#)?(\d{1,15})$/i
/** GUID and age, as sym files are filed: 32 hex digits and at least one more. */
const DEBUG_ID = /^[0-9a-f]{33,40}$/i

/** `/search/quick/?query=`: the box in every page's header leads to a report, the signatures of a bug, the crashes in a module, or a search for signatures. */
export const quickSearch: Answer = async (context, deps) => {
  const text = (context.req.query('query') ?? '').trim()
  return context.redirect(await placeOf(text, deps), 302)
}

async function placeOf(text: string, deps: DashboardDeps): Promise<string> {
  if (text === '') return '/search/'
  const crashId = parseShownCrashId(text)
  if (crashId !== null) return `/report/index/${crashId}`
  if (DEBUG_ID.test(text)) return `/search/?${new URLSearchParams({ modules_in_stack: `~${text.toUpperCase()}` })}`
  const bug = BUG.exec(text)?.[1]
  const signatures = bug === undefined ? [] : await signaturesOf(Number(bug), deps)
  const [first] = signatures
  if (first === undefined) return `/search/?${new URLSearchParams({ signature: `~${text}` })}`
  if (signatures.length === 1) return signaturePath(first)
  return `/search/?${new URLSearchParams(signatures.map((signature) => ['signature', `=${signature}`]))}`
}

/** The signatures that a bug is linked with; none where D1 does not answer: the search goes on without. */
async function signaturesOf(bugId: number, deps: DashboardDeps): Promise<readonly string[]> {
  try {
    const links = await deps.bugLinks.ofBugs([bugId])
    return links.slice(0, MAX_SHOWN_BUG_SIGNATURES).map(({ signature }) => signature)
  } catch (thrown) {
    deps.log('dashboard', 'bug_links_unavailable', { error: errorText(thrown) })
    return []
  }
}
