import { PEER_ROWS } from '#shared/search/built-in-fields.ts'
import { BUILT_IN_FIELDS, type SearchField } from '#shared/search/fields.ts'
import { code, row } from './markdown-table.ts'

/** Names that the peer's documents give. The other names of its fields we made of the processed keys and of what its clients send. */
const DOCUMENTED: ReadonlySet<string> = new Set(
  `uuid date signature proto_signature product productid version release_channel build_id vendor distribution_id submitted_from reason address
  moz_crash_reason abort_message process_type report_type hang crashing_thread crashing_thread_name thread_count possible_bit_flips_max_confidence
  crash_inconsistencies last_error_value stackwalk_version minidump_sha256_hash crash_report_keys uptime uptime_ts install_age install_time last_crash
  startup_time startup_crash platform platform_version platform_pretty_version cpu_arch cpu_info cpu_count cpu_microcode_version app_notes processor_notes
  android_cpu_abi android_manufacturer android_model app_init_dlls missing_symbols modules_in_stack topmost_filenames useragent_locale collector_notes
  dumper_error glean_client_id gmp_library_path has_guard_page_access java_stack_trace_raw mac_boot_args moz_crash_reason_raw phc_alloc_stack
  phc_base_address phc_free_stack phc_kind phc_usable_size remote_type soft_errors url user_comments`.split(/\s+/),
)

/** The page of search fields: type, operators, source and permission of each. */
export function searchFieldsPage(generated: string): string {
  const { fields } = BUILT_IN_FIELDS
  const peers = PEER_ROWS.length
  const rows = (some: readonly SearchField[], origin: (field: SearchField) => string) =>
    some.map((field) => {
      const { name, type, operators, source, permission, description } = field
      return row(
        code(name),
        form(field),
        operators.map(operator).join(' '),
        code(source),
        permission,
        origin(field),
        `${description}${type === 'date' ? ' Every search is bounded by it.' : ''}`,
      )
    })
  const head = [
    '| Field | Type | Operators | Source | Permission | Name from | What it is |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ]
  return [
    '# Search fields',
    '',
    generated,
    '',
    'What may be asked of SuperSearch (`/api/SuperSearch/`, `/search/`). The source is a key of the processed crash. `!` before any operator turns it round. A',
    '*words* field finds a bare value among its words, whatever their case; *whole* and *choice* fields compare the whole value. A *list* is split at `;` when it is',
    'counted. Deployments add fields with [`annotations.json`](../howto/add-annotations.md); `/api/SuperSearchFields/` has all of them.',
    '',
    '## Socorro’s fields',
    '',
    'Socorro has 156 fields, 139 of them public. Its specification gives us the names marked *documented*; those marked *derived* are the processed keys that its',
    'clients’ annotations are copied to, chosen from what we know of those clients so that the numbers by type match. A script that uses another name gets a warning.',
    '',
    ...head,
    ...rows(fields.slice(0, peers), ({ name }) => (DOCUMENTED.has(name) ? 'documented' : 'derived')),
    '',
    '## Fields of Mayday',
    '',
    ...head,
    ...rows(fields.slice(peers), () => 'ours'),
    '',
  ].join('\n')
}

function form({ type, analysed, list }: SearchField): string {
  if (type !== 'str') return type === 'enum' ? 'choice' : type
  return list ? 'list' : analysed ? 'words' : 'whole'
}

function operator(text: string): string {
  return text === '' ? 'none' : code(text)
}
