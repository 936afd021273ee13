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

/**
 * 400 for one parameter. Both keys are there: the peer answers one or the other, and crashstats-tools prints
 * "No error provided" when only `errors` is.
 */
export function badParameterAnswer(param: string, message: string): Response {
  return Response.json(
    { errors: { [param]: [message] }, error: `Bad request: BadArgumentError: ${message}` },
    { status: 400, headers: { 'Cache-Control': NO_STORE } },
  )
}

/** What the peer's answers call its permissions (specs/webapp.md 5). */
const PERMISSION_NAMES: Readonly<Partial<Record<Permission, string>>> = {
  reprocess_crashes: 'Reprocess Crashes',
  view_pii: 'View Personal Identifiable Information',
  view_rawdump: 'View Raw Dumps',
}

/** 403 for a service that the viewer may not use. */
export function permissionAnswer(permission: Permission): Response {
  return errorAnswer(
    403,
    `Use of this endpoint requires the '${PERMISSION_NAMES[permission] ?? permission}' permission`,
  )
}

/** 404 for a crash id that names nothing here. */
export function crashNotFoundAnswer(crashId: CrashId): Response {
  return errorAnswer(404, `Not found: CrashIDNotFound ${crashId}`)
}

/** A crash as redact() let it through: no other text may become a crash's body. */
export function crashAnswer(json: RedactedJson): Response {
  return new Response(json, { headers: { 'Content-Type': 'application/json', 'Cache-Control': NO_STORE } })
}
