import { z } from 'zod'
import { may, PERMISSIONS, type Permission, permissionSchema, type Viewer } from '#shared/auth/permissions.ts'
import { createToken, extendedExpiryMs } from '#shared/auth/token.ts'
import type { AuditAction } from '#shared/db/audit-log.ts'
import type { StoredToken } from '#shared/db/tokens.ts'
import { refuseOtherOrigin } from '#shared/http/same-origin.ts'
import { DEFAULT_TOKEN_DAYS, MAX_TOKEN_NOTE_CHARS, TOKEN_DAYS } from '#shared/limits.ts'
import type { Answer, DashboardContext, DashboardDeps } from '../deps.ts'
import { errorPage } from '../pages/error.tsx'
import { tokensPage } from '../pages/tokens.tsx'
import {
  badParametersAnswer,
  errorAnswer,
  type ParameterErrors,
  PERMISSION_NAMES,
  permissionAnswer,
} from './api-answer.ts'
import { readParameters } from './model.ts'
import { readBody } from './request-body.ts'

/**
 * API tokens: `/api/tokens/` lists (GET) and makes them (POST), `/api/tokens/token/<id>` ends one (DELETE), `…/extend` lengthens its life (POST). JSON for
 * API clients, in the shapes of specs/symbols.md 4, and pages for browsers, whose forms know no DELETE and post to `…/delete`. A person manages their own
 * tokens; a token that manages tokens needs `manage_tokens`; an administrator may end anybody's.
 */

/** A signed-in person, or the owner of a token that may manage tokens. */
interface Manager {
  readonly viewer: Viewer
  readonly email: string
}

const NO_STORE = { 'Cache-Control': 'private, no-store' } as const
const TOKEN_ID = /^[0-9a-f]{8}$/

const days = (byDefault: number) =>
  z
    .string()
    .default(String(byDefault))
    .refine((text) => /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= TOKEN_DAYS, {
      error: `Enter a whole number from 1 to ${TOKEN_DAYS}.`,
    })
    .transform(Number)

const createSchema = z.object({
  /** Names, repeated or joined by commas. None is useful: such a token raises the rate limit. */
  permissions: z.array(z.string()).optional(),
  expires: days(DEFAULT_TOKEN_DAYS),
  notes: z.string().max(MAX_TOKEN_NOTE_CHARS, `at most ${MAX_TOKEN_NOTE_CHARS} characters`).default(''),
})
const extendSchema = z.object({ days: days(TOKEN_DAYS) })
const listSchema = z.object({
  state: z.enum(['active', 'expired', 'all'], { error: 'state is active, expired or all' }).default('active'),
})

/** `/api/tokens/` */
export const tokens: Answer = async (context, deps) => {
  const manager = await managerOf(context, deps)
  if (manager instanceof Response) return manager
  switch (context.req.method) {
    case 'GET':
    case 'HEAD':
      return isBrowser(context) ? page(manager, context, deps) : list(manager, context, deps)
    case 'POST':
      return create(manager, context, deps)
    default:
      return errorAnswer(405, 'Method not allowed', { Allow: 'GET, HEAD, POST, OPTIONS' })
  }
}

/** `/api/tokens/token/<id>` and what is done to it. */
export const changeToken: Answer = async (context, deps) => {
  const manager = await managerOf(context, deps)
  if (manager instanceof Response) return manager
  const verb = `${context.req.method} ${context.req.param('change') ?? ''}`.trim()
  if (verb !== 'DELETE' && verb !== 'POST delete' && verb !== 'POST extend') {
    return errorAnswer(405, 'Method not allowed', { Allow: 'DELETE, OPTIONS' })
  }
  const id = context.req.param('id') ?? ''
  const token = TOKEN_ID.test(id) ? await deps.tokens.find(id) : null
  const isTheirs = token?.email === manager.email || may(manager.viewer, 'admin')
  if (token === null || token.revokedAtMs !== null || !isTheirs) return unknownToken(context)
  return verb === 'POST extend' ? extend(token, manager, context, deps) : revoke(token, manager, context, deps)
}

/** Whoever may manage tokens, or the answer to one who may not. A session's changes must come from our own pages. */
async function managerOf(context: DashboardContext, deps: DashboardDeps): Promise<Manager | Response> {
  const { viewer, bySession } = context.var
  if (viewer.email === null) {
    return isBrowser(context)
      ? context.redirect(`/signin?${new URLSearchParams({ next: '/api/tokens/' })}`, 302)
      : errorAnswer(403, 'This requires an Auth-Token to authenticate the request')
  }
  if (!bySession && !may(viewer, 'manage_tokens')) return permissionAnswer('manage_tokens')
  const reads = context.req.method === 'GET' || context.req.method === 'HEAD'
  if (bySession && !reads && refuseOtherOrigin(context.req.raw.headers, context.req.url) !== null) {
    deps.log('dashboard', 'other_origin_refused', { what: 'tokens' })
    return isBrowser(context)
      ? errorPage(context, 403, 'This request came from another site', ['Use the button on our own page.'])
      : errorAnswer(403, 'This request came from another site. Scripts use an API token.')
  }
  return { viewer, email: viewer.email }
}

/** A token is for scripts: whoever sends one gets JSON, whatever they accept. */
export function isBrowser(context: DashboardContext): boolean {
  const { headers } = context.req.raw
  const sendsToken = headers.has('Auth-Token') || headers.has('Authorization')
  return !sendsToken && (headers.get('Accept') ?? '').includes('text/html')
}

/** What a manager may give to a token: what they may do themselves. */
function grantable({ viewer }: Manager): readonly Permission[] {
  return PERMISSIONS.filter((permission) => may(viewer, permission))
}

async function list(manager: Manager, context: DashboardContext, deps: DashboardDeps): Promise<Response> {
  const read = readParameters(listSchema, new URL(context.req.url).searchParams)
  if (read.kind === 'bad') return badParametersAnswer(read.errors)
  const nowMs = deps.clock()
  const all = await deps.tokens.list(manager.email)
  const expired = all.filter(({ expiresAtMs }) => expiresAtMs <= nowMs)
  const active = all.filter(({ expiresAtMs }) => expiresAtMs > nowMs)
  const shown = { all, active, expired }[read.values.state]
  return Response.json(
    {
      tokens: shown.map((token) => tokenRow(token, nowMs)),
      totals: { all: all.length, active: active.length, expired: expired.length },
      permissions: grantable(manager).map(permissionRow),
    },
    { headers: NO_STORE },
  )
}

function permissionRow(permission: Permission) {
  return { id: permission, name: PERMISSION_NAMES[permission] }
}

/** A token without its secret, which nobody has but its owner. */
function tokenRow(token: StoredToken, nowMs: number) {
  return {
    id: token.id,
    user: token.email,
    permissions: token.permissions.map(permissionRow),
    product: token.product,
    notes: token.note,
    created_at: new Date(token.createdAtMs).toISOString(),
    expires_at: new Date(token.expiresAtMs).toISOString(),
    is_expired: token.expiresAtMs <= nowMs,
  }
}

/** What a page says besides the list. */
interface Said {
  readonly created?: string
  readonly errors?: ParameterErrors
}

async function page(manager: Manager, context: DashboardContext, deps: DashboardDeps, said: Said = {}) {
  const listed = await deps.tokens.list(manager.email)
  context.header('Cache-Control', NO_STORE['Cache-Control'])
  return tokensPage(context, { tokens: listed, grantable: grantable(manager), nowMs: deps.clock(), ...said })
}

async function create(manager: Manager, context: DashboardContext, deps: DashboardDeps): Promise<Response> {
  const body = await readBody(context.req.raw)
  if (body.kind === 'refused') return body.answer
  const made = await tokenOf(body.fields ?? new URLSearchParams(), manager, context.var.product, deps)
  switch (made.kind) {
    case 'bad':
      if (!isBrowser(context)) return badParametersAnswer(made.errors)
      context.status(400)
      return page(manager, context, deps, { errors: made.errors })
    case 'lacking':
      return errorAnswer(403, `${made.permission} not a valid permission`)
    case 'created': {
      const { token, stored } = made
      await writeDown('token_created', stored, manager, deps, {
        permissions: stored.permissions.join(','),
        days: made.days,
      })
      await deps.tokens.add(stored)
      if (isBrowser(context)) return page(manager, context, deps, { created: token })
      const row = { ...tokenRow(stored, deps.clock()), key: token }
      return Response.json({ ok: true, token: row }, { status: 201, headers: NO_STORE })
    }
  }
}

type Made =
  | { readonly kind: 'created'; readonly token: string; readonly stored: StoredToken; readonly days: number }
  | { readonly kind: 'bad'; readonly errors: ParameterErrors }
  | { readonly kind: 'lacking'; readonly permission: Permission }

async function tokenOf(
  fields: URLSearchParams,
  { viewer, email }: Manager,
  product: string | null,
  { clock, randomBytes }: DashboardDeps,
): Promise<Made> {
  const read = readParameters(createSchema, fields)
  if (read.kind === 'bad') return read
  const names = (read.values.permissions ?? []).flatMap((text) => text.split(',')).map((name) => name.trim())
  const permissions = new Set<Permission>()
  for (const name of names.filter((text) => text !== '')) {
    const permission = permissionSchema.safeParse(name)
    if (!permission.success)
      return { kind: 'bad', errors: { permissions: ['Select valid choices: no such permission'] } }
    if (!may(viewer, permission.data)) return { kind: 'lacking', permission: permission.data }
    permissions.add(permission.data)
  }
  const { expires, notes: note } = read.values
  // A token of one product makes tokens of that product only.
  const made = await createToken(email, [...permissions], clock, randomBytes, product, { note, days: expires })
  return made.kind === 'created'
    ? { ...made, days: expires }
    : { kind: 'bad', errors: { permissions: ['Invalid combination of permissions'] } }
}

async function revoke(token: StoredToken, manager: Manager, context: DashboardContext, deps: DashboardDeps) {
  await writeDown('token_revoked', token, manager, deps, {})
  await deps.tokens.revoke(token.id, deps.clock())
  return isBrowser(context) ? context.redirect('/api/tokens/', 303) : Response.json({ ok: true }, { headers: NO_STORE })
}

async function extend(token: StoredToken, manager: Manager, context: DashboardContext, deps: DashboardDeps) {
  const body = await readExtension(context.req.raw)
  if (body instanceof Response) return body
  const expiresAtMs = extendedExpiryMs(token.expiresAtMs, body, deps.clock())
  await writeDown('token_extended', token, manager, deps, { expires_at: new Date(expiresAtMs).toISOString() })
  await deps.tokens.extend(token.id, expiresAtMs)
  return isBrowser(context)
    ? context.redirect('/api/tokens/', 303)
    : Response.json({ ok: true, expires_at: new Date(expiresAtMs).toISOString() }, { headers: NO_STORE })
}

/** The days of an extension; a request without a body takes the default. */
async function readExtension(request: Request): Promise<number | Response> {
  const bodyless = request.body === null || request.headers.get('Content-Type') === null
  const body = bodyless ? null : await readBody(request)
  if (body?.kind === 'refused') return body.answer
  const read = readParameters(extendSchema, body?.fields ?? new URLSearchParams())
  return read.kind === 'bad' ? badParametersAnswer(read.errors) : read.values.days
}

function unknownToken(context: DashboardContext): Response | Promise<Response> {
  return isBrowser(context)
    ? errorPage(context, 404, 'There is no such token', ['It is not yours, or it has been deleted.'])
    : errorAnswer(404, 'Not found: there is no such token of yours')
}

async function writeDown(
  action: AuditAction,
  token: StoredToken,
  { email }: Manager,
  { audit, clock }: DashboardDeps,
  detail: Readonly<Record<string, string | number>>,
): Promise<void> {
  await audit.add({
    atMs: clock(),
    email,
    action,
    subject: `token ${token.id}`,
    detail: { owner: token.email, ...detail },
  })
}
