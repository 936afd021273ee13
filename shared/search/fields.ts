/** How a field's values are compared; it decides the operators (specs/webapp.md 2.3). */
export type FieldType = 'str' | 'int' | 'float' | 'date' | 'bool' | 'enum'

/** One search field, as data: documentation, the query parser and the index read the same row. */
export interface SearchField {
  readonly name: string
  readonly type: FieldType
  /** Where the value lies in the processed crash; dots go one object deeper. Some names differ from the key (`date`, `platform`). */
  readonly source: string
  /** A protected field is indexed, but a viewer without view_pii can neither see it nor ask for it. */
  readonly permission: 'public' | 'protected'
  /** A bare value matches words, whatever their case (`platform=linux`). Otherwise it is the whole value. */
  readonly analysed: boolean
  /** The value is several, joined by `;`. A facet counts each once a crash, in lower case as the peer does (specs/webapp.md 3.1). */
  readonly list: boolean
  readonly description: string
}

/** The field that every query bounds and that decides nothing about where a document lies. */
export const DATE_FIELD = 'date'
/** The crash id as a search field. */
export const UUID_FIELD = 'uuid'

/** Modules without symbols, as `file/version/debug id[/code id]`: the scheduler counts them by a facet. */
export const MISSING_SYMBOLS_FIELD = 'missing_symbols'
/** Between the values of a list field. */
export const LIST_SEPARATOR = ';'
const LISTS: ReadonlySet<string> = new Set([MISSING_SYMBOLS_FIELD])

type Row = readonly [name: string, type: FieldType, source: string, description: string]

const fields =
  (permission: 'public' | 'protected', analysed: boolean) =>
  ([name, type, source, description]: Row): SearchField => ({
    name,
    type,
    source,
    permission,
    analysed,
    list: LISTS.has(name),
    description,
  })

const PUBLIC: readonly Row[] = [
  [UUID_FIELD, 'enum', 'uuid', 'The crash id.'],
  [DATE_FIELD, 'date', 'date_processed', 'When the crash report was received, in UTC.'],
  ['product', 'enum', 'product', 'The product that crashed (ProductName).'],
  ['version', 'enum', 'version', 'The version of the product. `38.0b` finds every beta of 38.0.'],
  ['release_channel', 'enum', 'release_channel', 'The update channel of the product, such as `release` or `nightly`.'],
  ['build_id', 'int', 'build', 'The build of the product, as the number YYYYMMDDhhmmss.'],
  ['process_type', 'enum', 'process_type', 'The kind of process that crashed; `parent` is the main process.'],
  ['report_type', 'enum', 'report_type', 'Whether the report is of a `crash` or of a `hang`.'],
  ['cpu_arch', 'enum', 'cpu_arch', 'The architecture that the product was built for, such as `amd64`.'],
  ['cpu_count', 'int', 'json_dump.system_info.cpu_count', 'How many processors the operating system saw.'],
  ['uptime', 'int', 'uptime', 'Seconds from the start of the process to the crash.'],
  ['uptime_ts', 'float', 'uptime_ts', 'Seconds from the start of the process to the crash, by a monotonic clock.'],
  ['startup_crash', 'bool', 'startup_crash', 'Whether the product crashed while it started.'],
  ['submitted_from', 'enum', 'submitted_from', 'What sent the report: the crash reporter client, or a later resend.'],
]

const PUBLIC_TEXT: readonly Row[] = [
  ['signature', 'str', 'signature', 'The name under which like crashes are counted.'],
  [
    'proto_signature',
    'str',
    'proto_signature',
    'The crashing thread as function names, before the signature lists choose.',
  ],
  [
    'signature_lineage',
    'str',
    'signature_lineage',
    'The signatures that a reprocessed crash has had, the present one first, as a JSON array; absent where it never changed.',
  ],
  ['platform', 'str', 'os_name', 'The operating system, such as `Linux`.'],
  ['platform_version', 'str', 'os_version', 'The version of the operating system as the minidump has it.'],
  ['platform_pretty_version', 'str', 'os_pretty_version', 'The name of the operating system as people know it.'],
  ['reason', 'str', 'reason', 'What the processor or operating system raised, such as `SIGSEGV / SEGV_MAPERR`.'],
  ['address', 'str', 'address', 'The address that the crash is about.'],
  ['crashing_thread_name', 'str', 'crashing_thread_name', 'The name of the crashing thread.'],
  ['moz_crash_reason', 'str', 'moz_crash_reason', 'The message of the assertion that ended the process.'],
  ['app_notes', 'str', 'app_notes', 'What the product noted while it ran.'],
  [
    MISSING_SYMBOLS_FIELD,
    'str',
    'missing_symbols',
    'The modules that had no symbols, as `file/version/debug id[/code id]`. A facet counts each.',
  ],
]

const PROTECTED_TEXT: readonly Row[] = [
  ['url', 'str', 'url', 'The address that the person was looking at.'],
  ['user_comments', 'str', 'user_comments', 'What the person wrote about the crash.'],
]

/** Every field that can be searched. */
export const SEARCH_FIELDS: readonly SearchField[] = [
  ...PUBLIC.map(fields('public', false)),
  ...PUBLIC_TEXT.map(fields('public', true)),
  ...PROTECTED_TEXT.map(fields('protected', true)),
]

const BY_NAME: ReadonlyMap<string, SearchField> = new Map(SEARCH_FIELDS.map((field) => [field.name, field]))

/** The field of that name, or null. Safe for names of strangers, `__proto__` among them. */
export function searchField(name: string): SearchField | null {
  return BY_NAME.get(name) ?? null
}
