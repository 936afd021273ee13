/** Statements of each version of a shard's schema: a shard that was written by an older release runs those it lacks. */
const SCHEMA_VERSIONS: readonly (readonly string[])[] = [
  // Every document a row. Version 2 moves them into columns, in steps, and drops the table when it is empty.
  [
    `create table documents (
       crash_id text not null unique,
       started_at_ms integer not null,
       date text not null,
       field_values text not null
     ) strict`,
    'create index documents_by_date on documents (date)',
    'create table elsewhere (week text primary key) strict, without rowid',
  ],
  [
    // Where each crash is, and when the processing started that it is from. Without a place it was removed, and what started before stays out.
    `create table places (
       crash_id blob primary key,
       place integer,
       started_at_ms integer not null
     ) strict, without rowid`,
    // Slots are overwritten when their chunk is sealed: deleting the row would be a third row written a document.
    `create table open_documents (
       slot integer primary key,
       chunk integer not null,
       crash_id blob not null,
       field_values blob not null
     ) strict`,
    `create table chunks (
       chunk integer primary key,
       documents integer not null,
       from_micros integer,
       to_micros integer,
       dead blob,
       cleaned blob,
       must_clean integer not null default 0
     ) strict`,
    // A blob of more than MAX_BLOB_BYTES is several rows.
    `create table columns (
       field text not null,
       chunk integer not null,
       part integer not null,
       data blob not null,
       primary key (field, chunk, part)
     ) strict, without rowid`,
    'create table splits (splits integer not null) strict',
  ],
]

/** Brings a shard's tables to the present version. */
export function migrate(sql: SqlStorage): void {
  sql.exec('create table if not exists schema_version (version integer not null) strict')
  const { version } = sql.exec<{ version: number | null }>('select max(version) as version from schema_version').one()
  for (const [n, statements] of SCHEMA_VERSIONS.entries()) {
    if (n + 1 <= (version ?? 0)) continue
    for (const statement of statements) sql.exec(statement)
    sql.exec('insert into schema_version (version) values (?)', n + 1)
  }
}

export function hasTable(sql: SqlStorage, name: string): boolean {
  return sql.exec('select 1 from sqlite_master where name = ?', name).toArray().length > 0
}
