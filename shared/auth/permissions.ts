import { z } from 'zod'

/**
 * What a person or a token may do (DESIGN.md sections 8 and 9). `admin` implies all others. `download_symbols` is for
 * the tokens that stand in debuggers' settings: it opens nothing but a private symbol server's files. `link_bugs` says which bugs a
 * signature has: a tracker's script needs nothing else.
 */
export const permissionSchema = z.enum([
  'view_pii',
  'view_rawdump',
  'reprocess_crashes',
  'link_bugs',
  'upload_symbols',
  'upload_try_symbols',
  'download_symbols',
  'view_all_uploads',
  'manage_tokens',
  'admin',
])
export type Permission = z.infer<typeof permissionSchema>
export const PERMISSIONS: readonly Permission[] = permissionSchema.options

/** Groups give people their permissions. */
export const groupSchema = z.enum(['viewers', 'investigators', 'uploaders', 'admins'])
export type Group = z.infer<typeof groupSchema>

const GROUP_PERMISSIONS: Readonly<Record<Group, readonly Permission[]>> = {
  viewers: [],
  investigators: ['view_pii', 'view_rawdump', 'reprocess_crashes', 'link_bugs'],
  uploaders: ['upload_symbols'],
  admins: PERMISSIONS,
}

/** The permissions that membership of these groups gives, each once. */
export function permissionsOf(groups: readonly Group[]): readonly Permission[] {
  return [...new Set(groups.flatMap((group) => GROUP_PERMISSIONS[group]))]
}

/** Who is asking. `email` is null for nobody in particular. Plain data: it crosses RPC. */
export interface Viewer {
  readonly email: string | null
  readonly permissions: readonly Permission[]
  /** The public id of the token that asks in this person's name; absent where the person does. */
  readonly tokenId?: string
}

/** Everybody: sees public data, nothing else. */
export const ANONYMOUS: Viewer = { email: null, permissions: [] }

/** Whether the viewer holds the permission; `admin` holds all. */
export function may(viewer: Viewer, permission: Permission): boolean {
  return viewer.permissions.includes(permission) || viewer.permissions.includes('admin')
}

/** The same viewer without a view of protected data: who sees what everybody sees, and may do what they may do. */
export function withoutProtected(viewer: Viewer): Viewer {
  const kept = PERMISSIONS.filter((permission) => may(viewer, permission) && !SHOWS_PROTECTED.has(permission))
  return { ...viewer, permissions: kept }
}

const SHOWS_PROTECTED: ReadonlySet<Permission> = new Set(['view_pii', 'view_rawdump', 'admin'])
