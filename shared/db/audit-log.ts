import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS } from '../limits.ts'
import { auditLog } from './schema.ts'

/** What is written down. A closed list: an action that is not here is not audited by accident under another name. */
export type AuditAction =
  | 'symbol_overwrite'
  | 'bug_links_changed'
  | 'token_created'
  | 'token_extended'
  | 'token_revoked'

/** One act of one person. `detail` holds ids, hashes and names, never content. */
export interface AuditEntry {
  readonly atMs: number
  readonly email: string
  readonly action: AuditAction
  readonly subject: string
  readonly detail: Readonly<Record<string, string | number | null>>
}

/** The audit log. Entries are written before the act takes effect: an act that cannot be written down does not happen. */
export interface AuditLog {
  add(entry: AuditEntry): Promise<void>
}

/** The audit log in D1. Nothing here changes or removes a row. */
export function auditLogIn(db: DrizzleD1Database): AuditLog {
  return {
    async add({ atMs, email, action, subject, detail }) {
      const row = { at: atMs, email, action, subject, detail: { ...detail } }
      await withDeadline('D1 audit_log', D1_DEADLINE_MS, db.insert(auditLog).values(row).run())
    },
  }
}
