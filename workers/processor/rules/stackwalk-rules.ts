import { MAX_FRAMES_A_THREAD } from '#shared/limits.ts'
import { PRIMARY_DUMP_NAME } from '#shared/store/crash-keys.ts'
import type { DumpWalk } from '../stackwalk.ts'
import { hasStackwalk, isRecord, type JsonRecord, jsonDump, list, type Rule, record, textOrNull } from './rule.ts'

/** Rules that take over what the stackwalker found in the minidumps (specs/processor.md 1.3, 12, 14-18 and 48, and 1.4). */

/** The main dump's stackwalk goes to the top, another's under its dump's name. */
export const minidumpStackwalk: Rule = {
  name: 'MinidumpStackwalk',
  predicate: ({ walks }) => walks.length > 0,
  action(crash) {
    const additional: string[] = []
    for (const walk of crash.walks) {
      if (walk.dumpName !== PRIMARY_DUMP_NAME) additional.push(walk.dumpName)
      crash.notes.push(...walkNotes(walk))
      if (walk.dumpName === PRIMARY_DUMP_NAME) Object.assign(crash.processed, walkProperties(walk))
      else crash.processed[walk.dumpName] = walkProperties(walk)
    }
    crash.processed.additional_minidumps = additional
  },
}

function walkProperties(walk: DumpWalk): JsonRecord {
  switch (walk.kind) {
    case 'walked': {
      const status = textOrNull(walk.jsonDump.status) ?? 'unknown error'
      return {
        json_dump: walk.jsonDump,
        mdsw_return_code: 0,
        mdsw_status_string: status,
        stackwalk_version: walk.stackwalkVersion,
        success: status === 'OK',
      }
    }
    case 'failed':
      return {
        json_dump: {},
        mdsw_return_code: 1,
        mdsw_status_string: walk.status,
        mdsw_stderr: walk.detail,
        ...(walk.stackwalkVersion === undefined ? {} : { stackwalk_version: walk.stackwalkVersion }),
        success: false,
      }
    case 'empty':
      return { mdsw_status_string: 'EmptyMinidump' }
    case 'missing':
      return { mdsw_status_string: 'MissingMinidump' }
  }
}

/** Signal that ends a stackwalk at its deadline, as the peer names it in its notes. */
const TIMEOUT_STATUS = 'StackwalkTimeout'

function walkNotes(walk: DumpWalk): readonly string[] {
  switch (walk.kind) {
    case 'walked':
      return walk.unavailableSymbols === 0
        ? []
        : [`MinidumpStackwalkRule: symbols of ${walk.unavailableSymbols} modules were unavailable`]
    case 'failed':
      return walk.status === TIMEOUT_STATUS
        ? ['MinidumpStackwalkRule: minidump-stackwalk: timeout (SIGKILL)']
        : [`MinidumpStackwalkRule: minidump-stackwalk: failed: 1: ${walk.status}`]
    case 'empty':
      return [`MinidumpStackwalkRule: ${walk.dumpName} is empty--skipping minidump processing`]
    case 'missing':
      return [`MinidumpStackwalkRule: ${walk.dumpName} is not stored--skipping minidump processing`]
  }
}

export const crashingThreadInfo: Rule = {
  name: 'CrashingThreadInfo',
  predicate: hasStackwalk,
  action(crash) {
    const { processed, notes } = crash
    const info = record(jsonDump(crash).crash_info)
    const thread = record(jsonDump(crash).crashing_thread)
    processed.crashing_thread = typeof info.crashing_thread === 'number' ? info.crashing_thread : null
    if (processed.crashing_thread === null) notes.push('mdsw did not identify the crashing thread')
    processed.crashing_thread_name = thread.thread_name ?? null
    processed.reason = textOrNull(info.type) ?? ''
    processed.address = crashAddress(info)
    if (typeof thread.last_error_value === 'string') processed.last_error_value = thread.last_error_value
  },
}

/** The stackwalker's better knowledge: a null pointer plus an offset is a crash at null, a non-canonical address is not in the exception. */
function crashAddress(info: Readonly<JsonRecord>): string | null {
  const address = textOrNull(info.address)
  const adjusted = record(info.adjusted_address)
  if (adjusted.kind === 'null-pointer') return `0x${'0'.repeat(address?.length === 18 ? 16 : 8)}`
  if (adjusted.kind === 'non-canonical' && typeof adjusted.address === 'string') return adjusted.address
  return address
}

const KEPT_FIRST = MAX_FRAMES_A_THREAD / 2
const KEPT_LAST = MAX_FRAMES_A_THREAD - KEPT_FIRST - 1

/** A stack overflow has hundreds of thousands of frames; its ends tell what it is. The stackwalker may have left out the middle already. */
export const truncateStacks: Rule = {
  name: 'TruncateStacks',
  predicate: hasStackwalk,
  action({ walks, notes }) {
    for (const walk of walks) {
      const dump = walk.kind === 'walked' ? walk.jsonDump : {}
      for (const thread of [...list(dump.threads), dump.crashing_thread]) {
        if (isRecord(thread) && truncateThread(thread) && thread !== dump.crashing_thread) {
          notes.push(`TruncateStacks: stack of thread ${String(thread.thread_id ?? '?')} truncated`)
        }
      }
    }
  },
}

function truncateThread(thread: JsonRecord): boolean {
  const frames = list(thread.frames)
  const count = Math.max(frames.length, typeof thread.frame_count === 'number' ? thread.frame_count : 0)
  if (count <= MAX_FRAMES_A_THREAD || thread.truncated === true) return false
  const truncated = (count - KEPT_FIRST - KEPT_LAST).toLocaleString('en-US')
  const marker = { truncated: { msg: `${truncated} frames truncated` } }
  thread.frames = [...frames.slice(0, KEPT_FIRST), marker, ...frames.slice(-KEPT_LAST)]
  thread.truncated = true
  return true
}

export const possibleBitFlips: Rule = {
  name: 'PossibleBitFlips',
  predicate: (crash) => list(record(jsonDump(crash).crash_info).possible_bit_flips).length > 0,
  action(crash) {
    const flips = list(record(jsonDump(crash).crash_info).possible_bit_flips)
    const confidences = flips.map((flip) => record(flip).confidence).filter((value) => typeof value === 'number')
    if (confidences.length > 0) {
      crash.processed.possible_bit_flips_max_confidence = Math.trunc(Math.max(...confidences) * 100)
    }
  },
}

export const crashInconsistencies: Rule = {
  name: 'CrashInconsistencies',
  predicate: hasStackwalk,
  action(crash) {
    const { crash_inconsistencies } = record(jsonDump(crash).crash_info)
    crash.processed.crash_inconsistencies = Array.isArray(crash_inconsistencies) ? crash_inconsistencies : null
  },
}

export const hasGuardPageAccess: Rule = {
  name: 'HasGuardPageAccess',
  predicate: (crash) =>
    list(record(jsonDump(crash).crash_info).memory_accesses).some(
      (access) => record(access).is_likely_guard_page === true,
    ),
  action({ processed }) {
    processed.has_guard_page_access = true
  },
}

export const threadCount: Rule = {
  name: 'ThreadCount',
  predicate: (crash) => typeof jsonDump(crash).thread_count === 'number',
  action(crash) {
    crash.processed.thread_count = jsonDump(crash).thread_count
  },
}
