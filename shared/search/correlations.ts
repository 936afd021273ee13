import { MIN_CORRELATED_REPORTS, MIN_CORRELATION_DIFFERENCE, MIN_CORRELATION_REPORTS } from '../limits.ts'
import { BUILT_IN_FIELDS, type FieldCatalog, type SearchField } from './fields.ts'
import { chanceOfAtLeast, differenceInterval, type Interval, type Proportion, shareOf } from './proportion.ts'
import type { Facets, SearchValue } from './search-rpc.ts'

/**
 * What the reports of one signature have more often than the other reports of the same product, channel and version: computed from two answers of
 * search, one of the signature's reports and one of all of them (specs/webapp.md 1; the peer takes them from files that are made elsewhere).
 */

/** Some reports, and how many of them have each value of each field. */
export interface CountedReports {
  readonly total: number
  readonly facets: Facets
}

/** One value that is over-represented. */
export interface Correlation {
  readonly field: string
  readonly term: SearchValue
  /** In the signature's reports. */
  readonly inSignature: Proportion
  /** In all other reports of the group. */
  readonly inOthers: Proportion
  /** The first share minus the second, and its 95 % interval. */
  readonly difference: number
  readonly interval: Interval
  /** The value is too rare among the others to be counted one by one: `inOthers` is the most that it can be. */
  readonly othersAtMost: boolean
}

export type Correlations =
  | {
      readonly kind: 'correlations'
      /** The surest first: by the lower end of the interval. */
      readonly found: readonly Correlation[]
      /** How many values were compared: the more, the surer one must be. */
      readonly compared: number
      readonly inSignature: number
      readonly inOthers: number
    }
  | {
      readonly kind: 'too_few'
      readonly where: 'signature' | 'others'
      readonly count: number
      readonly needed: number
    }

/** The chance that one run shows anything at all where nothing is correlated: all values of a run share it (Bonferroni). */
const FALSE_ALARMS_A_RUN = 0.01

/**
 * The values that the signature's reports have more often than all others. A value counts when at least MIN_CORRELATED_REPORTS of the signature's reports
 * have it, when the 95 % interval of the difference lies above MIN_CORRELATION_DIFFERENCE, and when chance alone would give as many
 * reports less often than one run of so many values may be wrong. `group` holds the signature's reports too.
 */
export function correlations(signature: CountedReports, group: CountedReports): Correlations {
  const [inSignature, inOthers] = [signature.total, Math.max(0, group.total - signature.total)]
  const needed = MIN_CORRELATION_REPORTS
  if (inSignature < needed) return { kind: 'too_few', where: 'signature', count: inSignature, needed }
  if (inOthers < needed) return { kind: 'too_few', where: 'others', count: inOthers, needed }
  const fields = Object.keys(signature.facets)
  // Every value that could have been one, not only those that by chance are frequent enough in the signature.
  const compared = fields.flatMap((field) => frequent(group.facets, field)).length
  return {
    kind: 'correlations',
    found: fields
      .flatMap((field) =>
        frequent(signature.facets, field).map(({ term, count }) =>
          correlation(field, term, { count, of: inSignature }, inOthers, group.facets),
        ),
      )
      .filter((one) => one.interval.low > MIN_CORRELATION_DIFFERENCE && chanceOf(one) * compared < FALSE_ALARMS_A_RUN)
      .sort((a, b) => b.interval.low - a.interval.low),
    compared,
    inSignature,
    inOthers,
  }
}

function frequent(facets: Facets, field: string) {
  return countsOf(facets, field).filter(({ count }) => count >= MIN_CORRELATED_REPORTS)
}

function chanceOf({ inSignature, inOthers }: Correlation): number {
  return chanceOfAtLeast(
    inSignature.count,
    inSignature.of,
    inSignature.count + inOthers.count,
    inSignature.of + inOthers.of,
  )
}

function correlation(
  field: string,
  term: SearchValue,
  inSignature: Proportion,
  others: number,
  group: Facets,
): Correlation {
  const terms = countsOf(group, field)
  const known = terms.find((counted) => counted.term === term)
  // What is not among the group's terms is rarer there than the rarest of them, or is not there at all.
  const inGroup = known?.count ?? terms.at(-1)?.count ?? 0
  const inOthers = { count: Math.min(others, Math.max(0, inGroup - inSignature.count)), of: others }
  return {
    field,
    term,
    inSignature,
    inOthers,
    difference: shareOf(inSignature) - shareOf(inOthers),
    interval: differenceInterval(inSignature, inOthers),
    othersAtMost: known === undefined && inOthers.count > 0,
  }
}

function countsOf(facets: Facets, field: string) {
  const facet = Object.hasOwn(facets, field) ? facets[field] : undefined
  return facet === undefined || 'value' in facet ? [] : facet
}

/**
 * What a computer, an installation or a session is like. Fields that say what crashed (reason, address, stack, modules in the stack) are not here: they are what
 * makes a signature, so they would fill every list.
 */
const COMPARED_FIELDS: ReadonlySet<string> = new Set(
  `platform platform_version platform_pretty_version cpu_arch cpu_info cpu_count cpu_microcode_version adapter_vendor_id adapter_device_id
  adapter_subsys_id adapter_driver_version graphics_startup_test has_device_touch_screen accessibility accessibility_client useragent_locale addons
  safe_mode startup_crash process_type distribution_id vendor build_id submitted_from app_init_dlls winsock_lsp dom_fission_enabled dom_ipc_enabled
  android_brand android_cpu_abi android_hardware android_manufacturer android_model android_version mac_memory_pressure
  linux_under_memory_pressure is_garbage_collecting shutdown_progress headless_mode background_task_name marionette desktop_environment is_wayland
  gpu_process_status rdd_process_status bios_manufacturer adapter_driver_vendor memory_error_correction windows_package_family_name`.split(
    /\s+/,
  ),
)

/** The fields that are compared: public ones of the list above, and what the deployment's own annotations say in a few values. */
export function comparedFields(catalog: FieldCatalog): readonly SearchField[] {
  return catalog.fields.filter(
    ({ name, type, permission }) =>
      permission === 'public' &&
      (COMPARED_FIELDS.has(name) || (BUILT_IN_FIELDS.find(name) === null && (type === 'enum' || type === 'bool'))),
  )
}
