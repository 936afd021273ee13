import type { ViewSecrets } from '#shared/auth/view-secret.ts'
import type { Answer, Said } from './answer.ts'

/**
 * What an answer says below its first line, to reporters that read lines of `key=value` (an answer that is a bare id stays one); each ends with a newline. Shipped reporters
 * do what these lines say (specs/collector.md 1.6): they write the ViewURL down for the person, and send no more reports of the version that was named.
 */
export async function furtherLines(answer: Answer, viewUrlBase: string, secrets: ViewSecrets | null): Promise<string> {
  switch (answer.kind) {
    case 'accepted':
    case 'resend': {
      const hasPage = viewUrlBase !== '' && secrets !== null
      const viewLines = hasPage
        ? viewUrlLines(`${viewUrlBase.replace(/\/$/, '')}/crash/${answer.crashId}`, await secrets.of(answer.crashId))
        : ''
      return `${viewLines}${endOfLifeLine(answer)}`
    }
    // Nothing is kept of them, so there is no page; their versions may be past their end all the more.
    case 'fake_accepted':
    case 'rejected':
      return endOfLifeLine(answer)
    case 'malformed':
    case 'unauthorized_uuid':
    case 'refused':
    case 'unavailable':
      return ''
  }
}

/**
 * The address twice. Reporters keep the last ViewURL, and Firefox's own browser process (CrashSubmit) only what stands before a second `=`: with a plain `?k=` the
 * person would get an address without its secret. The first is for whoever reads only one line.
 */
function viewUrlLines(page: string, secret: string): string {
  return `ViewURL=${page}?k=${secret}\nViewURL=${page}?k%3D${secret}\n`
}

function endOfLifeLine({ endOfLifeVersion, answerForm }: Said): string {
  return endOfLifeVersion === null || answerForm === 'bare_id' ? '' : `StopSendingReportsFor=${endOfLifeVersion}\n`
}
