import { type CrashId, parseCrashId } from '#shared/crash-id.ts'
import { badParameterAnswer } from './api-answer.ts'

/** The crash id of an API call, or the 400 that says what is wrong with it. */
export type CrashIdParameter =
  | { readonly kind: 'crash_id'; readonly crashId: CrashId }
  | { readonly kind: 'bad'; readonly answer: Response }

/**
 * Reads `crash_id`. Clients strip `bp-` themselves and the peer refuses it here, as it does any suffix
 * (`…180607docker/x.sh`, specs/webapp.md W07).
 */
export function crashIdParameter(params: URLSearchParams): CrashIdParameter {
  const text = params.getAll('crash_id').at(-1)?.trim() ?? ''
  if (text === '') return { kind: 'bad', answer: badParameterAnswer('crash_id', 'This field is required.') }
  if (text.includes('\0')) {
    return { kind: 'bad', answer: badParameterAnswer('crash_id', 'Null characters are not allowed.') }
  }
  const crashId = parseCrashId(text)
  if (crashId !== null) return { kind: 'crash_id', crashId }
  return { kind: 'bad', answer: badParameterAnswer('crash_id', "Bad value for parameter(s) 'crash_id'") }
}
