import { HIDDEN, type SchemaNode, SHOWN_FREE_TEXT, shown, shownArray, shownObject } from './permission-schema.ts'

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
  assertion: SHOWN_FREE_TEXT,
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

/** The stackwalker's JSON of one dump (`json_dump`), kept as it was written (specs/processor.md 1.5). What it does not name is protected. */
export const JSON_DUMP: SchemaNode = shownObject({
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
        abort_cause: SHOWN_FREE_TEXT,
        backtrace: TEXT,
        dialog_mode: TEXT,
        message: SHOWN_FREE_TEXT,
        message2: SHOWN_FREE_TEXT,
        module: TEXT,
        signature_string: SHOWN_FREE_TEXT,
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
