import { MAX_SOFT_ERRORS_CHARS } from '#shared/limits.ts'
import { cutText } from '#shared/search/document.ts'
import { hasStackwalk, jsonDump, type Rule, record } from './rule.ts'
import { sortedJson } from './sorted-json.ts'

/** Rules about what only some minidumps tell: macOS' own notes, and what the client could not write (specs/processor.md 1.3, 29, 30 and 47). */

export const macBootArgs: Rule = {
  name: 'MacBootArgs',
  predicate(crash) {
    const { mac_boot_args } = jsonDump(crash)
    return typeof mac_boot_args === 'string' && mac_boot_args !== ''
  },
  action(crash) {
    crash.processed.mac_boot_args = jsonDump(crash).mac_boot_args
    crash.processed.has_mac_boot_args = true
  },
}

export const macCrashInfo: Rule = {
  name: 'MacCrashInfo',
  predicate: hasStackwalk,
  action(crash) {
    delete crash.processed.mac_crash_info
    const info = record(jsonDump(crash).mac_crash_info)
    if (typeof info.num_records === 'number' && info.num_records > 0) crash.processed.mac_crash_info = sortedJson(info)
  },
}

export const softErrors: Rule = {
  name: 'SoftErrors',
  predicate: (crash) => 'soft_errors' in jsonDump(crash) && jsonDump(crash).soft_errors !== null,
  action(crash) {
    crash.processed.soft_errors = cutText(sortedJson(jsonDump(crash).soft_errors), MAX_SOFT_ERRORS_CHARS)
  },
}
