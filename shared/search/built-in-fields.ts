/**
 * Every search field of every deployment, as data. What a row does not say follows from the processed key that is its source: who may see it, and
 * what it is (shared/annotations/, shared/processed-keys.ts).
 */

/**
 * How a value is kept and compared. `text`: by words or by any part; `word`: whole or by any part; `choice`: whole only; `list`: several texts, joined by
 * `;` in the processed crash or an array there.
 */
export type FieldForm = 'text' | 'word' | 'choice' | 'list' | 'int' | 'float' | 'bool' | 'date'

export interface FieldRow {
  readonly name: string
  readonly form: FieldForm
  /** Where the value lies in the processed crash; dots go one object deeper. */
  readonly source: string
  /** Only where the source is a part of a key, or another form of it. */
  readonly description?: string
}

/** The name of the field, its source where that has another name, and what it is where the source does not say. */
type Rest = readonly [source?: string, description?: string]

const row =
  (form: FieldForm) =>
  (name: string, ...[source = name, description]: Rest): FieldRow => ({
    name,
    form,
    source,
    ...(description === undefined ? {} : { description }),
  })

const text = row('text')
const word = row('word')
const choice = row('choice')
const list = row('list')
const int = row('int')
const float = row('float')
const bool = row('bool')
const date = row('date')

const IDENTITY: readonly FieldRow[] = [
  choice('uuid'),
  date('date', 'date_processed'),
  text('signature'),
  text('proto_signature'),
  choice('product'),
  choice('productid'),
  choice('version'),
  int('major_version'),
  choice('release_channel'),
  int(
    'build_id',
    'build',
    'The build of the product as a number, where it is one below 2^53. `BuildID` has it as text.',
  ),
  word('application_build_id'),
  choice('vendor'),
  choice('distribution_id'),
  choice('windows_package_family_name'),
  choice('submitted_from'),
  text('app_notes'),
  list('useragent_locale'),
  bool('safe_mode'),
]

const CRASH: readonly FieldRow[] = [
  text('reason'),
  text('address'),
  text('moz_crash_reason'),
  text('moz_crash_reason_raw'),
  text('abort_message'),
  choice('process_type'),
  choice('report_type'),
  text('hang'),
  int('crashing_thread'),
  text('crashing_thread_name'),
  int('thread_count'),
  int('possible_bit_flips_max_confidence'),
  list('crash_inconsistencies'),
  bool('has_guard_page_access'),
  choice('last_error_value'),
  choice('stackwalk_version'),
  choice('minidump_sha256_hash'),
  list('crash_report_keys'),
  text('dumper_error'),
  text('soft_errors'),
  list('collector_notes', 'collector_metadata.collector_notes', 'What the collector noted while it took the report.'),
  text('processor_notes'),
  list('modules_in_stack'),
  list('missing_symbols'),
  list('topmost_filenames'),
  list('app_init_dlls'),
  text('winsock_lsp'),
  text('java_stack_trace'),
  text('java_stack_trace_raw'),
  text('js_large_allocation_failure'),
  bool('is_garbage_collecting'),
  bool('windows_error_reporting'),
  text('url'),
  text('user_comments'),
  word('glean_client_id'),
]

const TIMES: readonly FieldRow[] = [
  int('uptime'),
  float('uptime_ts'),
  int('install_age'),
  int('install_time'),
  int('last_crash'),
  int('startup_time'),
  bool('startup_crash'),
  bool('startup_cache_valid'),
  choice('shutdown_progress'),
  text('shutdown_reason'),
  text('async_shutdown_timeout'),
  text('quota_manager_shutdown_timeout'),
  choice('profiler_child_shutdown_phase'),
  text('xpcom_spin_event_loop_stack'),
]

const COMPUTER: readonly FieldRow[] = [
  text('platform', 'os_name'),
  text('platform_version', 'os_version'),
  text('platform_pretty_version', 'os_pretty_version'),
  choice('cpu_arch'),
  text('cpu_info'),
  int(
    'cpu_count',
    'json_dump.system_info.cpu_count',
    'How many processors the operating system saw; absent where no minidump says it.',
  ),
  word('cpu_microcode_version'),
  choice('adapter_vendor_id'),
  choice('adapter_device_id'),
  choice('adapter_subsys_id'),
  word('adapter_driver_version'),
  text('graphics_critical_error'),
  bool('graphics_startup_test'),
  bool('has_device_touch_screen'),
  bool('accessibility'),
  text('accessibility_client'),
  text('android_board'),
  text('android_brand'),
  choice('android_cpu_abi'),
  choice('android_cpu_abi2'),
  text('android_device'),
  text('android_display'),
  text('android_fingerprint'),
  text('android_hardware'),
  text('android_manufacturer'),
  text('android_model'),
  text('android_packagename'),
  choice('android_version'),
  int('mac_available_memory_sysctl'),
  text('mac_boot_args'),
  bool('has_mac_boot_args'),
  text('mac_crash_info'),
  choice('mac_memory_pressure'),
  bool('linux_under_memory_pressure'),
]

const MEMORY: readonly FieldRow[] = [
  int('total_physical_memory'),
  int('available_physical_memory'),
  int('purgeable_physical_memory'),
  int('total_virtual_memory'),
  int('available_virtual_memory'),
  int('total_page_file'),
  int('available_page_file'),
  int('system_memory_use_percentage'),
  int('oom_allocation_size'),
  int('texture_usage'),
  int(
    'memory_explicit',
    'memory_measures.explicit',
    'Bytes that the process knows it allocated, by its memory report.',
  ),
  int('memory_gfx_textures', 'memory_measures.gfx_textures', 'Bytes of graphics textures, by the memory report.'),
  int(
    'memory_ghost_windows',
    'memory_measures.ghost_windows',
    'How many closed windows are still in memory, by the memory report.',
  ),
  int('memory_heap_allocated', 'memory_measures.heap_allocated', 'Bytes that the heap gave out, by the memory report.'),
  int(
    'memory_heap_overhead',
    'memory_measures.heap_overhead',
    'Bytes that the heap needs for itself, by the memory report.',
  ),
  int(
    'memory_heap_unclassified',
    'memory_measures.heap_unclassified',
    'Bytes of the heap that no part of the product reported; negative where some were reported twice.',
  ),
  int(
    'memory_host_object_urls',
    'memory_measures.host_object_urls',
    'How many object URLs pages hold, by the memory report.',
  ),
  int('memory_images', 'memory_measures.images', 'Bytes of images, by the memory report.'),
  int(
    'memory_js_main_runtime',
    'memory_measures.js_main_runtime',
    'Bytes of the main thread’s script engine, by the memory report.',
  ),
  int('memory_private', 'memory_measures.private', 'Bytes that no other process shares, by the memory report.'),
  int('memory_resident', 'memory_measures.resident', 'Bytes that are in physical memory, by the memory report.'),
  int(
    'memory_resident_unique',
    'memory_measures.resident_unique',
    'Bytes in physical memory that only this process uses, by the memory report.',
  ),
  int(
    'memory_system_heap_allocated',
    'memory_measures.system_heap_allocated',
    'Bytes that the system’s own heap gave out, by the memory report.',
  ),
  int(
    'memory_top_none_detached',
    'memory_measures.top_none_detached',
    'Bytes of windows that belong to no tab any more, by the memory report.',
  ),
  int('memory_vsize', 'memory_measures.vsize', 'Bytes of address space in use, by the memory report.'),
  int(
    'memory_vsize_max_contiguous',
    'memory_measures.vsize_max_contiguous',
    'Bytes of the largest free piece of address space, by the memory report.',
  ),
  word('phc_kind'),
  word('phc_base_address'),
  int('phc_usable_size'),
  text('phc_alloc_stack'),
  text('phc_free_stack'),
]

const PROCESSES: readonly FieldRow[] = [
  text('ipc_channel_error'),
  text('ipc_fatal_error_msg'),
  choice('ipc_fatal_error_protocol'),
  text('ipc_message_name'),
  int('ipc_message_size'),
  int('ipc_message_large_buffer_shmem_failure_size'),
  choice('ipc_shutdown_state'),
  int('ipc_system_error'),
  bool('dom_ipc_enabled'),
  bool('dom_fission_enabled'),
  word('remote_type'),
  list('utility_actors_name'),
  int('content_sandbox_level'),
  bool('content_sandbox_capable'),
  int('gpu_process_launch_count'),
  word('plugin_filename'),
  text('plugin_name'),
  word('plugin_version'),
  bool('gmp_plugin'),
  word('gmp_library_path'),
  list('addons'),
  bool('addons_checked'),
  bool('user_font_rules_exhausted'),
  bool('quota_manager_storage_is_network_resource'),
]

/** The peer's fields: 139 public and 17 protected (specs/webapp.md 3.1). */
export const PEER_ROWS: readonly FieldRow[] = [...IDENTITY, ...CRASH, ...TIMES, ...COMPUTER, ...MEMORY, ...PROCESSES]

/** Ours: what the peer cannot know, and processed keys that nobody should miss in a search. */
export const OWN_ROWS: readonly FieldRow[] = [
  word('BuildID', 'build'),
  float('sample_weight'),
  choice('throttle_rule'),
  int('crash_time'),
  choice('fingerprint'),
  text('signature_lineage'),
  choice('mdsw_status_string'),
  word('installer_version'),
  word('accessibility_in_proc_client'),
  bool('headless_mode'),
  bool('background_task_mode'),
  word('background_task_name'),
  bool('marionette'),
  bool('remote_agent'),
  text('font_name'),
  int('last_interaction_duration'),
  int('content_sandbox_capabilities'),
  choice('content_sandbox_win32k_state'),
  int('gpu_sandbox_level'),
  int('utility_process_sandboxing_kind'),
  int('launcher_process_state'),
  choice('gpu_process_status'),
  choice('rdd_process_status'),
  choice('utility_process_status'),
  choice('vr_process_status'),
  int('event_loop_nesting_level'),
  text('main_thread_runnable_name'),
  text('storage_connection_not_closed'),
  text('js_actor_message'),
  text('js_actor_name'),
  text('js_module_load_error'),
  choice('js_out_of_memory'),
  choice('device_reset_reason'),
  int('unknown_net_addr_socket_family'),
  bool('wasm_library_sandbox_malloc_failed'),
  word('windows_file_dialog_error_code'),
  int('available_swap_memory'),
  int('low_physical_memory_events'),
  word('linux_memory_psi'),
  choice('mac_memory_pressure_normal_time'),
  choice('mac_memory_pressure_warning_time'),
  choice('mac_memory_pressure_critical_time'),
  int('mac_memory_pressure_sysctl'),
  choice('memory_error_correction'),
  word('adapter_driver_vendor'),
  int('graphics_num_active_renderers'),
  bool('is_webrender_resource_path_overridden'),
  choice('desktop_environment'),
  bool('is_wayland'),
  text('bios_manufacturer'),
]
