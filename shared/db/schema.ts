import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/**
 * D1 tables. No crash content is in D1 (DESIGN.md section 3). Times are epoch milliseconds.
 * Change it by expand, migrate, contract: `npm run migrations` writes the SQL, the contract comes one release later.
 */

/** What a person may decide about a signature. */
export const SIGNATURE_STATES = ['open', 'fixed', 'ignored'] as const

/** People who signed in at least once. Groups, not permissions, are stored: permissions follow from code. */
export const users = sqliteTable('users', {
  email: text('email').primaryKey(),
  groups: text('groups', { mode: 'json' }).$type<string[]>().notNull(),
  active: integer('active', { mode: 'boolean' }).notNull().default(true),
  created_at: integer('created_at').notNull(),
})

/** Browser sessions. The cookie's value is never stored, only its SHA-256. */
export const sessions = sqliteTable(
  'sessions',
  {
    hash: text('hash').primaryKey(),
    email: text('email').notNull(),
    created_at: integer('created_at').notNull(),
    expires_at: integer('expires_at').notNull(),
  },
  (table) => [index('sessions_expires_at').on(table.expires_at)],
)

/** API tokens. `id` is the public first 8 hex digits; the whole token is stored only as its SHA-256. */
export const tokens = sqliteTable('tokens', {
  id: text('id').primaryKey(),
  hash: text('hash').notNull(),
  email: text('email').notNull(),
  permissions: text('permissions', { mode: 'json' }).$type<string[]>().notNull(),
  note: text('note').notNull().default(''),
  created_at: integer('created_at').notNull(),
  expires_at: integer('expires_at').notNull(),
  revoked_at: integer('revoked_at'),
})

/** Symbol uploads, one row a request. `completed_at` null means that the indexer still unpacks it. */
export const uploads = sqliteTable(
  'uploads',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    email: text('email').notNull(),
    filename: text('filename').notNull(),
    size_bytes: integer('size_bytes').notNull(),
    try_symbols: integer('try_symbols', { mode: 'boolean' }).notNull(),
    /** Keys whose stored content was the same already. */
    skipped_keys: text('skipped_keys', { mode: 'json' }).$type<string[]>().notNull(),
    /** Members that are no symbols, such as build-symbols.txt. */
    ignored_keys: text('ignored_keys', { mode: 'json' }).$type<string[]>().notNull(),
    created_at: integer('created_at').notNull(),
    completed_at: integer('completed_at'),
    /** Why the upload can never complete; null while it can. */
    failed_reason: text('failed_reason'),
    /** When reconcile last sent the upload to the indexer again. */
    last_sent_at: integer('last_sent_at'),
  },
  (table) => [index('uploads_created_at').on(table.created_at)],
)

/** Files that an upload really stored. */
export const uploadFiles = sqliteTable(
  'upload_files',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    upload_id: integer('upload_id').notNull(),
    key: text('key').notNull(),
    stored_bytes: integer('stored_bytes').notNull(),
    original_bytes: integer('original_bytes').notNull(),
    compressed: integer('compressed', { mode: 'boolean' }).notNull(),
    /** Whether the file replaced other content under the same key. */
    update: integer('update', { mode: 'boolean' }).notNull(),
    debug_file: text('debug_file'),
    debug_id: text('debug_id'),
    code_file: text('code_file'),
    code_id: text('code_id'),
    generator: text('generator'),
    created_at: integer('created_at').notNull(),
  },
  (table) => [
    // A message that is delivered twice at once writes its rows once.
    uniqueIndex('upload_files_upload_key').on(table.upload_id, table.key),
    index('upload_files_debug').on(table.debug_file, table.debug_id),
    index('upload_files_code').on(table.code_file, table.code_id),
  ],
)

/** Raw crashes that reconcile found without a processed crash, and when it last sent them to the queue again. */
export const missingProcessedCrashes = sqliteTable(
  'missing_processed_crashes',
  {
    crash_id: text('crash_id').primaryKey(),
    created_at: integer('created_at').notNull(),
    last_sent_at: integer('last_sent_at').notNull(),
    processed_at: integer('processed_at'),
  },
  (table) => [index('missing_processed_crashes_open').on(table.processed_at)],
)

/** Signatures of crashes. What a signature has from older ones follows from signature_changes when it is read, and is not kept here. */
export const signatures = sqliteTable('signatures', {
  signature: text('signature').primaryKey(),
  /** The earliest crash of this very signature; null while only a state is known. */
  first_at: integer('first_at'),
  first_build: integer('first_build'),
  /** What a person decided; null while nobody has. */
  state: text('state', { enum: SIGNATURE_STATES }),
})

/** Which signature became which when crashes were processed again. */
export const signatureChanges = sqliteTable(
  'signature_changes',
  {
    old_signature: text('old_signature').notNull(),
    new_signature: text('new_signature').notNull(),
    /** The most crashes with this change that the index held at once. */
    crashes: integer('crashes').notNull(),
    first_at: integer('first_at').notNull(),
    last_at: integer('last_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.old_signature, table.new_signature] }),
    index('signature_changes_new').on(table.new_signature),
  ],
)

/** The bugs that people or the tracker gave to a signature. */
export const bugAssociations = sqliteTable(
  'bug_associations',
  { signature: text('signature').notNull(), bug_id: integer('bug_id').notNull() },
  (table) => [primaryKey({ columns: [table.signature, table.bug_id] }), index('bug_associations_bug').on(table.bug_id)],
)
