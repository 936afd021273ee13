import { CRASH_ANNOTATIONS } from './annotations.ts'
import type { CrashId } from './crash-id.ts'
import { HIDDEN, type SchemaNode, shown, shownArray, shownObject } from './permission-schema.ts'

/**
 * What the rules make of a raw crash (specs/processor.md 1.3 and 1.5). Keys are the peer's. Rules write what annotations and the
 * stackwalker said, so a value has the type that {@link PROCESSED_CRASH_SCHEMA} says only after redact().
 */
export interface ProcessedCrash {
  readonly uuid: CrashId
  readonly signature: string
  readonly [key: string]: unknown
}

const TEXT = shown('string')
const INTEGER = shown('integer')
const NUMBER = shown('number')
const BOOLEAN = shown('boolean')
const TEXTS = shownArray(TEXT)

const INLINE = shownObject({ function: TEXT, file: TEXT, line: shown('integer', 'string') })

const FRAME = shownObject({
  file: TEXT,
  frame: INTEGER,
  function: TEXT,
  function_offset: TEXT,
  inlines: shownArray(INLINE),
  line: shown('integer', 'string'),
  missing_symbols: BOOLEAN,
  module: TEXT,
  module_offset: TEXT,
  offset: TEXT,
  registers: HIDDEN,
  truncated: shownObject({ msg: TEXT }),
  trust: TEXT,
  unloaded_modules: shownArray(shownObject({ module: TEXT, offsets: TEXTS })),
})

const THREAD_PROPERTIES = {
  frame_count: INTEGER,
  frames: shownArray(FRAME),
  last_error_value: TEXT,
  thread_id: INTEGER,
  thread_name: TEXT,
  truncated: BOOLEAN,
}

const MODULE = shownObject({
  base_addr: TEXT,
  cert_subject: TEXT,
  code_id: TEXT,
  corrupt_symbols: BOOLEAN,
  debug_file: TEXT,
  debug_id: TEXT,
  end_addr: TEXT,
  filename: TEXT,
  loaded_symbols: BOOLEAN,
  missing_symbols: BOOLEAN,
  symbol_url: TEXT,
  version: TEXT,
})

const CRASH_INFO = shownObject({
  address: TEXT,
  adjusted_address: shownObject({ address: TEXT, kind: TEXT, offset: TEXT }),
  assertion: TEXT,
  crash_inconsistencies: TEXTS,
  crashing_thread: INTEGER,
  instruction: TEXT,
  instruction_pointer_update: shownObject({ address: TEXT, kind: TEXT }),
  memory_accesses: shownArray(
    shownObject({ access_type: TEXT, address: TEXT, is_likely_guard_page: HIDDEN, size: INTEGER }),
  ),
  possible_bit_flips: shownArray(
    shownObject({
      address: TEXT,
      confidence: NUMBER,
      details: shownObject({
        is_null: BOOLEAN,
        nearby_registers: INTEGER,
        poison_registers: BOOLEAN,
        was_low: BOOLEAN,
        was_non_canonical: BOOLEAN,
      }),
      source_register: TEXT,
    }),
  ),
  type: TEXT,
})

const JSON_DUMP = shownObject({
  crash_info: CRASH_INFO,
  crashing_thread: shownObject({ ...THREAD_PROPERTIES, threads_index: INTEGER }),
  /** File names that the process had open. */
  handles: HIDDEN,
  linux_memory_map_count: INTEGER,
  lsb_release: shownObject({ codename: TEXT, description: TEXT, id: TEXT, release: TEXT }),
  mac_boot_args: HIDDEN,
  mac_crash_info: shownObject({
    num_records: INTEGER,
    records: shownArray(
      shownObject({
        abort_cause: TEXT,
        backtrace: TEXT,
        dialog_mode: TEXT,
        message: TEXT,
        message2: TEXT,
        module: TEXT,
        signature_string: TEXT,
        thread: TEXT,
      }),
    ),
  }),
  main_module: INTEGER,
  modules: shownArray(MODULE),
  modules_contains_cert_info: BOOLEAN,
  pid: INTEGER,
  process_uptime: NUMBER,
  proc_limits: shownObject({
    limits: shownArray(
      shownObject({ name: TEXT, soft: shown('integer', 'string'), hard: shown('integer', 'string'), unit: TEXT }),
    ),
  }),
  soft_errors: HIDDEN,
  status: TEXT,
  system_info: shownObject({
    cpu_arch: TEXT,
    cpu_count: INTEGER,
    cpu_info: TEXT,
    cpu_microcode_version: TEXT,
    os: TEXT,
    os_ver: TEXT,
  }),
  thread_count: INTEGER,
  threads: shownArray(shownObject(THREAD_PROPERTIES)),
  unloaded_modules: shownArray(
    shownObject({ base_addr: TEXT, cert_subject: TEXT, code_id: TEXT, end_addr: TEXT, filename: TEXT }),
  ),
})

/** What a stackwalk writes: at the top for the main dump, under the dump's name for another. */
const STACKWALK_PROPERTIES = {
  json_dump: JSON_DUMP,
  mdsw_return_code: HIDDEN,
  mdsw_status_string: TEXT,
  mdsw_stderr: HIDDEN,
  stackwalk_version: TEXT,
  success: BOOLEAN,
}

const copiedAnnotations: Readonly<Record<string, SchemaNode>> = Object.fromEntries(
  CRASH_ANNOTATIONS.flatMap(({ type, copy }) => {
    if (copy === undefined) return []
    return [[copy.key, copy.visibility === 'public' ? shown(type) : HIDDEN]]
  }),
)

/** Who may see what of a processed crash. */
export const PROCESSED_CRASH_SCHEMA: SchemaNode = {
  ...shownObject({
    ...copiedAnnotations,
    ...STACKWALK_PROPERTIES,
    additional_minidumps: TEXTS,
    address: TEXT,
    client_crash_date: TEXT,
    collector_metadata: HIDDEN,
    completed_datetime: TEXT,
    cpu_arch: TEXT,
    cpu_count: INTEGER,
    cpu_info: TEXT,
    cpu_microcode_version: TEXT,
    crash_id: TEXT,
    crash_inconsistencies: TEXTS,
    crash_report_keys: TEXTS,
    crash_time: INTEGER,
    crashing_thread: INTEGER,
    crashing_thread_name: TEXT,
    date_processed: TEXT,
    has_guard_page_access: HIDDEN,
    install_age: INTEGER,
    java_stack_trace: TEXT,
    java_stack_trace_raw: HIDDEN,
    last_crash: INTEGER,
    last_error_value: TEXT,
    major_version: INTEGER,
    minidump_sha256_hash: TEXT,
    missing_symbols: TEXT,
    modules_in_stack: TEXT,
    moz_crash_reason: TEXT,
    moz_crash_reason_raw: HIDDEN,
    os_name: TEXT,
    os_pretty_version: TEXT,
    os_version: TEXT,
    possible_bit_flips_max_confidence: INTEGER,
    process_type: TEXT,
    processor_history: TEXTS,
    processor_notes: TEXT,
    processor_version: TEXT,
    proto_signature: TEXT,
    reason: TEXT,
    report_type: TEXT,
    signature: TEXT,
    signature_lists_hash: TEXT,
    signature_version: TEXT,
    started_datetime: TEXT,
    startup_time: INTEGER,
    submitted_from: TEXT,
    submitted_from_infobar: HIDDEN,
    submitted_timestamp: TEXT,
    thread_count: INTEGER,
    topmost_filenames: TEXT,
    uptime: INTEGER,
    uuid: TEXT,
  }),
  patternProperties: { pattern: /^upload_file_minidump_[a-zA-Z0-9_-]+$/, node: shownObject(STACKWALK_PROPERTIES) },
}
