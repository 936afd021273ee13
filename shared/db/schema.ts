import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { SymHealth } from '../breakpad/sym-health.ts'
import type { IndexState } from '../symbols/index-state.ts'

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
  /** The product whose symbols it uploads; null for a token of the whole deployment. */
  product: text('product'),
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
    /** Keys that another product owns: their content was not stored. */
    refused_keys: text('refused_keys', { mode: 'json' }).$type<string[]>().notNull().default([]),
    /** The product of the uploader's token, and whether it was an administrator's: unpacking may come later, on a queue. */
    product: text('product'),
    by_admin: integer('by_admin', { mode: 'boolean' }).notNull().default(false),
    /** Tells uploads of the same files: 30 hex of the MD5 over their sorted names and sizes. */
    content_hash: text('content_hash'),
    created_at: integer('created_at').notNull(),
    completed_at: integer('completed_at'),
    /** Why the upload can never complete; null while it can. */
    failed_reason: text('failed_reason'),
    /** When reconcile last sent the upload to the indexer again. */
    last_sent_at: integer('last_sent_at'),
    /** How its files came: a `zip` that is unpacked, or `parts` of each file (v2). */
    kind: text('kind').notNull().default('zip'),
    /** Where an upload by URL was fetched from, and the addresses that it was sent on to. */
    download_url: text('download_url'),
    redirect_urls: text('redirect_urls', { mode: 'json' }).$type<string[]>().notNull().default([]),
    /** When the uploader of a v2 upload said that all files are sent. */
    closed_at: integer('closed_at'),
    /** The revision of the source that the files were built from, as the uploader stated it. */
    source_revision: text('source_revision'),
  },
  (table) => [
    index('uploads_created_at').on(table.created_at),
    index('uploads_completed_at').on(table.completed_at),
    index('uploads_size').on(table.size_bytes),
    index('uploads_email').on(table.email, table.created_at),
    index('uploads_content').on(table.content_hash),
    index('uploads_product').on(table.product),
  ],
)

/** Files that an upload really stored. */
export const uploadFiles = sqliteTable(
  'upload_files',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    upload_id: integer('upload_id').notNull(),
    key: text('key').notNull(),
    /** The id segment of the key: a debugger that knows a build id knows no name. */
    key_id: text('key_id').notNull(),
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
    /** Record counts and warnings of a sym file; null for other files. */
    health: text('health', { mode: 'json' }).$type<SymHealth>(),
    /** What became of its block index; null until a build looked at it, and for files that are no sym files. */
    index_state: text('index_state', { mode: 'json' }).$type<IndexState>(),
    created_at: integer('created_at').notNull(),
  },
  (table) => [
    // A message that is delivered twice at once writes its rows once.
    uniqueIndex('upload_files_upload_key').on(table.upload_id, table.key),
    index('upload_files_created_at').on(table.created_at),
    index('upload_files_size').on(table.stored_bytes),
    index('upload_files_debug').on(table.debug_file, table.debug_id),
    index('upload_files_code').on(table.code_file, table.code_id),
    index('upload_files_code_id').on(table.code_id),
    index('upload_files_key_id').on(table.key_id),
    index('upload_files_key').on(table.key),
  ],
)

/**
 * Files of v2 uploads that arrive in parts: one row a file, under the id that its upload URL names. Settled rows stay
 * until their upload's record goes: they make every repeated request answer the same.
 */
export const uploadSessions = sqliteTable(
  'upload_sessions',
  {
    id: text('id').primaryKey(),
    upload_id: integer('upload_id').notNull(),
    key: text('key').notNull(),
    /** Size and MD5 of the file before compression, as its uploader declared them. */
    size_bytes: integer('size_bytes').notNull(),
    md5: text('md5').notNull(),
    /** open → received (whole, not checked) → stored, skipped or failed. */
    state: text('state').notNull().default('open'),
    /** R2's name of the multipart upload that takes the parts; null before the first part. */
    r2_upload_id: text('r2_upload_id'),
    failed_reason: text('failed_reason'),
    expires_at: integer('expires_at').notNull(),
  },
  (table) => [uniqueIndex('upload_sessions_upload_key').on(table.upload_id, table.key)],
)

/** The parts of a file that are there. */
export const uploadParts = sqliteTable(
  'upload_parts',
  {
    session_id: text('session_id').notNull(),
    part: integer('part').notNull(),
    etag: text('etag').notNull(),
    /** Of the part as it was sent, hex. */
    sha256: text('sha256').notNull(),
    size_bytes: integer('size_bytes').notNull(),
  },
  (table) => [primaryKey({ columns: [table.session_id, table.part] })],
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

/** Which version a build of a product is, as its crashes say. A build may be several: betas of one build, a release candidate. */
export const productVersions = sqliteTable(
  'product_versions',
  {
    product: text('product').notNull(),
    /** In lower case. */
    channel: text('channel').notNull(),
    build_id: text('build_id').notNull(),
    version: text('version').notNull(),
    first_seen_at: integer('first_seen_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.product, table.channel, table.build_id, table.version] })],
)

/** Which product owns a debug file and id: that of the first upload. Null where a token of no product was first. */
export const symbolOwners = sqliteTable(
  'symbol_owners',
  {
    debug_file: text('debug_file').notNull(),
    debug_id: text('debug_id').notNull(),
    try_symbols: integer('try_symbols', { mode: 'boolean' }).notNull(),
    product: text('product'),
    /** The upload that came first. */
    upload_id: integer('upload_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.debug_file, table.debug_id, table.try_symbols] })],
)

/**
 * Modules whose sym file somebody missed. One row a module: `module` is the name that crashes and requests have in common, `symbol_id` its debug id, or
 * its code id where nobody knew the debug id.
 */
export const missingSymbols = sqliteTable(
  'missing_symbols',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    module: text('module').notNull(),
    symbol_id: text('symbol_id').notNull(),
    debug_file: text('debug_file'),
    debug_id: text('debug_id'),
    code_file: text('code_file'),
    code_id: text('code_id'),
    /** Distinct crashes, as the search index counts them: the sum of missing_symbol_days. */
    crashes: integer('crashes').notNull().default(0),
    /** Downloads that were answered 404. */
    requests: integer('requests').notNull().default(0),
    first_seen_at: integer('first_seen_at').notNull(),
    last_seen_at: integer('last_seen_at').notNull(),
    /** When the sym file was uploaded; null while it is missing. */
    resolved_at: integer('resolved_at'),
  },
  (table) => [
    uniqueIndex('missing_symbols_module').on(table.module, table.symbol_id),
    index('missing_symbols_symbol_id').on(table.symbol_id),
    index('missing_symbols_open').on(table.resolved_at, table.crashes, table.requests),
    index('missing_symbols_requested').on(table.first_seen_at).where(sql`crashes = 0`),
  ],
)

/** Distinct crashes of one UTC day (`YYYYMMDD`) that lack a module's symbols. A day is counted anew as long as crashes of it come in. */
export const missingSymbolDays = sqliteTable(
  'missing_symbol_days',
  {
    day: text('day').notNull(),
    module: text('module').notNull(),
    symbol_id: text('symbol_id').notNull(),
    crashes: integer('crashes').notNull(),
  },
  (table) => [primaryKey({ columns: [table.day, table.module, table.symbol_id] })],
)

/** How far a job of the scheduler is that goes on where it stopped; what `state` says is the job's own. */
export const jobs = sqliteTable('jobs', {
  name: text('name').primaryKey(),
  state: text('state').notNull(),
  updated_at: integer('updated_at').notNull(),
})

/** Who saw protected data, a row a view. No value of a crash stands here. */
export const accessLog = sqliteTable(
  'access_log',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    at: integer('at').notNull(),
    email: text('email').notNull(),
    /** The public id of the token that asked; null: the person, signed in. */
    token_id: text('token_id'),
    what: text('what').notNull(),
    /** Null for searches, which show values of many crashes. */
    crash_id: text('crash_id'),
    /** Names: of a dump, of search fields. */
    detail: text('detail').notNull(),
  },
  (table) => [
    index('access_log_at').on(table.at),
    index('access_log_crash_id').on(table.crash_id),
    index('access_log_email').on(table.email),
  ],
)

/** Who did what that must be answerable later. Rows are only ever added. */
export const auditLog = sqliteTable(
  'audit_log',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    at: integer('at').notNull(),
    email: text('email').notNull(),
    action: text('action').notNull(),
    /** What it was done to: an R2 key, a token id. */
    subject: text('subject').notNull(),
    detail: text('detail', { mode: 'json' }).$type<Record<string, string | number | null>>().notNull(),
  },
  (table) => [index('audit_log_at').on(table.at), index('audit_log_subject').on(table.subject)],
)
