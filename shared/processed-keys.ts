import {
  HIDDEN,
  type JsonType,
  type SchemaNode,
  SHOWN_FREE_TEXT,
  shown,
  shownArray,
  shownObject,
} from './permission-schema.ts'
import { JSON_DUMP } from './stackwalk-schema.ts'

/** A key of the processed crash that a rule of its own writes; copied annotations have theirs in shared/annotations/. */
export interface ProcessedKey {
  readonly key: string
  readonly node: SchemaNode
  readonly description: string
}

type Row = readonly [key: string, node: SchemaNode, description: string]

const keys = (rows: readonly Row[]): readonly ProcessedKey[] =>
  rows.map(([key, node, description]) => ({ key, node, description }))

const TEXT = shown('string')
const INTEGER = shown('integer')
const BOOLEAN = shown('boolean')
const TEXTS = shownArray(TEXT)
const hidden = (...types: readonly JsonType[]): SchemaNode => ({ types, visibility: 'protected' })

/** What a stackwalk writes: at the top for the main dump, under the dump's name for another. */
export const STACKWALK_KEYS: readonly ProcessedKey[] = keys([
  ['json_dump', JSON_DUMP, 'What the stackwalker found in the minidump, as it wrote it.'],
  ['mdsw_return_code', HIDDEN, 'How the stackwalker ended: 0, or 1 for a dump that it could not walk.'],
  ['mdsw_status_string', TEXT, '`OK`, or the name of what went wrong with the minidump.'],
  ['mdsw_stderr', HIDDEN, 'What the stackwalker said of a dump that it could not walk.'],
  ['stackwalk_version', TEXT, 'The stackwalker that walked the dump.'],
  ['success', BOOLEAN, 'At the top: the rules ran to their end. Of another dump: it could be walked.'],
])

const MEASURES: Readonly<Record<string, SchemaNode>> = Object.fromEntries(
  [
    'explicit',
    'gfx_textures',
    'ghost_windows',
    'heap_allocated',
    'heap_overhead',
    'heap_unclassified',
    'host_object_urls',
    'images',
    'js_main_runtime',
    'private',
    'resident',
    'resident_unique',
    'system_heap_allocated',
    'top_none_detached',
    'vsize',
    'vsize_max_contiguous',
  ].map((measure) => [measure, INTEGER]),
)

/** A signature that the crash had before it was processed again. */
const EARLIER_SIGNATURE = shownObject({
  changed_by: TEXTS,
  processor_version: TEXT,
  signature: TEXT,
  signature_lists_hash: TEXT,
  signature_version: TEXT,
  started_datetime: TEXT,
})

const CRASH_KEYS = keys([
  ['uuid', TEXT, 'The crash id.'],
  ['crash_id', TEXT, 'The crash id, under its newer name.'],
  ['signature', TEXT, 'The name under which like crashes are counted.'],
  ['proto_signature', TEXT, 'All frames of the crashing thread as the signature lists saw them, joined by ` | `.'],
  ['signature_version', TEXT, 'The version of the signature algorithm.'],
  ['signature_lists_hash', TEXT, 'The hash of the signature lists.'],
  ['signature_debug', HIDDEN, 'Which frame and which rule made the signature what it is.'],
  [
    'signature_history',
    shownArray(EARLIER_SIGNATURE),
    'The signatures that the crash had before, newest first, with what made and what ended each.',
  ],
  [
    'signature_lineage',
    TEXT,
    'The signatures that a reprocessed crash has had, the present one first, as a JSON array; absent where it never changed.',
  ],
  ['report_type', TEXT, '`crash`, or `hang` for a process that was ended because it did not go on.'],
  ['reason', SHOWN_FREE_TEXT, 'What the processor or operating system raised, such as `SIGSEGV / SEGV_MAPERR`.'],
  ['address', TEXT, 'The address that the crash is about.'],
  ['crashing_thread', INTEGER, 'The index of the crashing thread.'],
  ['crashing_thread_name', TEXT, 'The name of the crashing thread.'],
  ['last_error_value', TEXT, 'The Windows error code of the crashing thread.'],
  ['thread_count', INTEGER, 'How many threads the process had.'],
  ['topmost_filenames', TEXT, 'The first source file of the crashing thread.'],
  ['modules_in_stack', TEXT, 'Modules of the crashing stack, `file/debug id` joined by `;`.'],
  ['missing_symbols', TEXT, 'Modules without symbols, `file/version/debug id[/code id]` joined by `;`.'],
  ['crash_inconsistencies', TEXTS, 'What does not fit together in the exception.'],
  ['possible_bit_flips_max_confidence', INTEGER, 'How likely a flipped bit explains the crash, in percent.'],
  ['has_guard_page_access', hidden('boolean'), 'The crashing instruction touched a guard page.'],
  ['moz_crash_reason', SHOWN_FREE_TEXT, 'The message of the assertion that ended the process.'],
  ['moz_crash_reason_raw', HIDDEN, 'The message of the assertion that ended the process, as it was sent.'],
  ['java_stack_trace', SHOWN_FREE_TEXT, 'Class and frames of a Java exception, without messages.'],
  ['java_stack_trace_raw', HIDDEN, 'A Java exception as it was sent, messages included.'],
  ['mac_crash_info', SHOWN_FREE_TEXT, 'JSON: what macOS libraries noted before they ended the process.'],
  ['mac_boot_args', hidden('string'), 'Arguments with which macOS was started.'],
  ['has_mac_boot_args', BOOLEAN, 'Whether macOS was started with arguments.'],
  ['breadcrumbs', hidden('array'), 'What happened before the crash, step by step.'],
  ['phc_kind', hidden('string'), 'How the faulting address stood to an allocation that was watched.'],
  ['phc_base_address', hidden('string'), 'Where the watched allocation began, hexadecimal.'],
  ['phc_usable_size', hidden('integer'), 'Bytes of the watched allocation.'],
  ['phc_alloc_stack', hidden('string'), 'Return addresses of the code that made the watched allocation.'],
  ['phc_free_stack', hidden('string'), 'Return addresses of the code that freed the watched allocation.'],
  ['soft_errors', hidden('string'), 'JSON: what the client could not write into the minidump.'],
  ['additional_minidumps', TEXTS, 'Names of the minidumps beside the main one; each has a key of its own.'],
  ['minidump_sha256_hash', TEXT, 'The SHA-256 of the main minidump as received.'],
  ['memory_report', hidden('object'), 'What each part of the product said of its memory.'],
  ['memory_report_error', hidden('string'), 'Why the memory report could not be read.'],
  ['memory_measures', shownObject(MEASURES), 'Sums over the memory report for the process that crashed, in bytes.'],
])

const PRODUCT_KEYS = keys([
  ['major_version', INTEGER, 'The version up to its first dot, as a number.'],
  ['process_type', TEXT, 'The kind of process; `parent` is the main one.'],
  ['utility_actors_name', TEXTS, 'What a utility process did.'],
  ['accessibility', BOOLEAN, 'Whether an aid such as a screen reader used the product.'],
  ['addons', TEXTS, 'The add-ons, each as `id:version`.'],
  ['addons_checked', BOOLEAN, 'Whether the versions of add-ons were checked against the product.'],
  ['plugin_filename', TEXT, 'The file of the plugin whose process crashed.'],
  ['plugin_name', TEXT, 'The name of the plugin whose process crashed.'],
  ['plugin_version', TEXT, 'The version of the plugin whose process crashed.'],
  ['distribution_id', TEXT, 'The distribution that the product came with.'],
  ['crash_time', INTEGER, 'When the client saw the crash, epoch seconds by its own clock.'],
  ['client_crash_date', TEXT, 'When the client saw the crash, as a date by its own clock.'],
  ['startup_time', INTEGER, 'When the process started, epoch seconds by the client’s clock.'],
  ['uptime', INTEGER, 'Seconds from the start of the process to the crash.'],
  ['install_age', INTEGER, 'Seconds from the installation to the crash.'],
  ['last_crash', INTEGER, 'Seconds since the crash before this one on the same computer.'],
  ['cpu_arch', TEXT, 'The architecture that the product was built for, such as `amd64`.'],
  ['cpu_count', INTEGER, 'How many processors the operating system saw.'],
  ['cpu_info', TEXT, 'The processor by family, model and stepping, or by name.'],
  ['cpu_microcode_version', TEXT, 'The processor’s microcode.'],
  ['os_name', TEXT, 'The operating system, such as `Linux`.'],
  ['os_version', TEXT, 'The version of the operating system as the minidump has it.'],
  ['os_pretty_version', TEXT, 'The operating system and its version as people know them.'],
])

const REPORT_KEYS = keys([
  ['date_processed', TEXT, 'When the crash report was received: the day that search goes by.'],
  ['submitted_timestamp', TEXT, 'When the crash report was received.'],
  ['submitted_from', TEXT, 'What sent the report.'],
  ['submitted_from_infobar', hidden('boolean'), 'Whether an older report was sent from a bar in the window.'],
  ['crash_report_keys', TEXTS, 'Names of the report’s annotations and dumps.'],
  [
    'sample_weight',
    shown('number'),
    'How many reports this one stands for: 1 divided by the probability that the throttle rules kept it. Absent when it is 1.',
  ],
  ['throttle_rule', TEXT, 'The throttle rule that kept the report: what `sample_weight` comes from.'],
  ['fingerprint', TEXT, 'What makes crashes alike before they are processed, 32 hexadecimal digits.'],
  ['collector_metadata', HIDDEN, 'What the collector noted: checksums, sizes, throttle rule.'],
  ['started_datetime', TEXT, 'When processing started.'],
  ['completed_datetime', TEXT, 'When processing ended.'],
  ['processor_version', TEXT, 'The version of the rules.'],
  ['processor_notes', SHOWN_FREE_TEXT, 'What the rules noted, one a line.'],
  ['processor_history', shownArray(SHOWN_FREE_TEXT), 'The notes of earlier processings, newest first.'],
])

/** Every key that a rule of its own writes. A key that is neither here nor a copied annotation's is protected. */
export const PROCESSED_KEYS: readonly ProcessedKey[] = [
  ...CRASH_KEYS,
  ...PRODUCT_KEYS,
  ...REPORT_KEYS,
  ...STACKWALK_KEYS,
]
