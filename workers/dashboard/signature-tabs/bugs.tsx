import { ANONYMOUS } from '#shared/auth/permissions.ts'
import { type CrashId, parseCrashId } from '#shared/crash-id.ts'
import { readReportCrash } from '../crash-reading.ts'
import { isPartial } from '../page-search.ts'
import { type BugText, bugForms, bugText, bugUrl } from '../views/bug-text.ts'
import { asText } from '../views/json-value.ts'
import { withMore } from '../views/search-parameters.ts'
import { signaturePath } from '../views/signature-request.ts'
import type { SignatureAsked, TabOfSignature } from './signature-tab.ts'

/** The signature's bugs first, so that nobody files them again; then what a new one would say, of the newest report or of `_crash_id`. */
export const bugsTab: TabOfSignature = async (asked) => {
  const { request, search, deps, params } = asked
  const newest = withMore(
    request.query,
    ['_columns', 'uuid'],
    ['_columns', 'product'],
    ['_sort', '-date'],
    ['_results_number', '1'],
    ['_facets_size', '0'],
  )
  const [answer, own, products] = await Promise.all([
    search.ask(newest),
    deps.signatures.bugsOf([request.signature]),
    deps.products.current(),
  ])
  const linked = await deps.bugLinks.ofBugs([...new Set(own.map(({ bugId }) => bugId))])
  const crashId = parseCrashId(params.get('_crash_id') ?? asText(answer.hits[0]?.uuid) ?? '')
  const bug = crashId === null ? null : await newBug(crashId, asked)
  const product = bug?.variables.product ?? asText(answer.hits[0]?.product)
  const templates = products?.products.find(({ name }) => name === product)?.bug_links ?? []
  const bugs = own.map(({ bugId, inheritedFrom }) => ({
    bugId,
    inheritedFrom,
    url: bugUrl(templates, bugId),
    others: linked.filter((link) => link.bugId === bugId && link.signature !== request.signature),
  }))
  return {
    content: (
      <>
        <section aria-labelledby="linked-bugs">
          <h2 id="linked-bugs">Bugs of this signature</h2>
          {bugs.length === 0 ? (
            <p class="empty">
              No bug is linked. A tracker’s script, or a person with <code>link_bugs</code>, links one by{' '}
              <a href="/api/#BugLinks">BugLinks</a>.
            </p>
          ) : (
            <ul class="bug-list" data-rows="">
              {bugs.map(({ bugId, inheritedFrom, url, others }) => (
                <li>
                  {url === null ? <b>{`Bug ${bugId}`}</b> : <a href={url} rel="noreferrer">{`Bug ${bugId}`}</a>}
                  {inheritedFrom === null ? null : (
                    <span class="quiet">
                      {' inherited from '}
                      <a href={signaturePath(inheritedFrom)}>{inheritedFrom}</a>
                    </span>
                  )}
                  {others.length === 0 ? null : (
                    <ul>
                      {others.map(({ signature }) => (
                        <li>
                          {'also of '}
                          <a href={signaturePath(signature)}>{signature}</a>
                        </li>
                      ))}
                    </ul>
                  )}
                </li>
              ))}
            </ul>
          )}
        </section>
        <section aria-labelledby="new-bug">
          <h2 id="new-bug">File a bug</h2>
          {bug === null ? (
            <p class="empty">There is no processed report to file a bug of in this window.</p>
          ) : (
            <NewBug bug={bug} forms={bugForms(templates, bug)} product={product ?? ''} />
          )}
        </section>
      </>
    ),
    list: {
      caption: `Bugs of ${request.signature}`,
      columns: ['bug', 'inherited from', 'address'],
      rows: bugs.map(({ bugId, inheritedFrom, url }) => [bugId, inheritedFrom, url]),
    },
    query: request.query,
    partial: isPartial(answer),
  }
}

/** Trackers are public: the crash is read as anybody sees it, whoever files the bug. */
async function newBug(crashId: CrashId, { deps, origin }: SignatureAsked): Promise<BugText | null> {
  const read = await readReportCrash(crashId, ANONYMOUS, deps)
  return read.kind === 'processed' ? bugText(read.crash, `${origin}/report/index/${crashId}`) : null
}

function NewBug({
  bug,
  forms,
  product,
}: {
  readonly bug: BugText
  readonly forms: ReturnType<typeof bugForms>
  readonly product: string
}) {
  return (
    <div class="new-bug">
      {forms.length === 0 ? (
        <p class="quiet">
          {`No tracker is set for ${product === '' ? 'this product' : product}: `}
          <code>bug_links</code>
          {' in products.json names one. The text is below to copy.'}
        </p>
      ) : (
        <ul class="bug-forms">
          {forms.map(({ tracker, name, url }) => (
            <li>
              <a class="button" href={url} rel="noreferrer">{`${tracker}: ${name}`}</a>
            </li>
          ))}
        </ul>
      )}
      <p>
        <b>{bug.title}</b>
      </p>
      <pre class="command">
        <code>{bug.description}</code>
      </pre>
      <button type="button" hidden data-copy-text={`${bug.title}\n\n${bug.description}`} data-copy-what="bug text">
        Copy title and text
      </button>
    </div>
  )
}
