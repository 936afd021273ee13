import type { Permission } from '#shared/auth/permissions.ts'
import type { CrashId } from '#shared/crash-id.ts'
import type { RedactedJson } from '#shared/store/crash-store.ts'

/** Forms of API answers (specs/webapp.md 2.1). Everything is JSON except the bytes of a dump. */

/** For answers with crash content or given to somebody: neither a proxy nor a shared browser keeps them. */
const NO_STORE = 'private, no-store'

/** A refusal or failure: `{"error": text}`. */
export function errorAnswer(status: number, error: string, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json({ error }, { status, headers: { 'Cache-Control': NO_STORE, ...headers } })
}

/** What is wrong with each parameter, by name. */
export type ParameterErrors = Readonly<Record<string, readonly string[]>>

/**
 * 400 for bad parameters. Both keys are there: the peer answers one or the other, and crashstats-tools prints
 * "No error provided" when only `errors` is.
 */
export function badParametersAnswer(errors: ParameterErrors): Response {
  const [first = ''] = Object.values(errors).flat()
  return Response.json(
    { errors, error: `Bad request: BadArgumentError: ${first}` },
    { status: 400, headers: { 'Cache-Control': NO_STORE } },
  )
}

/** 400 for one parameter. */
export function badParameterAnswer(param: string, message: string): Response {
  return badParametersAnswer({ [param]: [message] })
}

/** What answers and pages call permissions; the first three are the peer's words (specs/webapp.md 5). */
export const PERMISSION_NAMES: Readonly<Record<Permission, string>> = {
  view_pii: 'View Personal Identifiable Information',
  view_rawdump: 'View Raw Dumps',
  reprocess_crashes: 'Reprocess Crashes',
  link_bugs: 'Link Bugs',
  upload_symbols: 'Upload Symbols',
  upload_try_symbols: 'Upload Try Symbols',
  download_symbols: 'Download Symbols',
  view_all_uploads: 'View All Uploads',
  manage_tokens: 'Manage Tokens',
  admin: 'Administer',
}

/** 403 for a service that the viewer may not use. */
export function permissionAnswer(permission: Permission): Response {
  return errorAnswer(403, `Use of this endpoint requires the '${PERMISSION_NAMES[permission]}' permission`)
}

/** 404 for a crash id that names nothing here. */
export function crashNotFoundAnswer(crashId: CrashId): Response {
  return errorAnswer(404, `Not found: CrashIDNotFound ${crashId}`)
}

/** A crash as redact() let it through: no other text may become a crash's body. */
export function crashAnswer(json: RedactedJson): Response {
  return new Response(json, { headers: { 'Content-Type': 'application/json', 'Cache-Control': NO_STORE } })
}
