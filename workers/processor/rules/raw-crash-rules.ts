import { PRIMARY_DUMP_NAME } from '#shared/store/crash-keys.ts'
import { always, annotationText, type Rule } from './rule.ts'

/** Rules that clean the raw crash's annotations and say what came in (specs/processor.md 1.3, 1-5 and 9-11). */

/** NUL characters are a client's mistake, never data. */
export const deNull: Rule = {
  name: 'DeNull',
  predicate: always,
  action({ annotations }) {
    for (const [name, value] of Object.entries(annotations)) {
      delete annotations[name]
      annotations[withoutNul(name)] = typeof value === 'string' ? withoutNul(value) : value
    }
  },
}

function withoutNul(text: string): string {
  return text.replaceAll('\0', '')
}

export const deNone: Rule = {
  name: 'DeNone',
  predicate: always,
  action({ annotations }) {
    for (const [name, value] of Object.entries(annotations)) {
      if (value === null) delete annotations[name]
    }
  },
}

const MAX_KEY_CHARS = 100

/** Which annotations and dumps the report had; their names are public, so only plain ones are listed. */
export const crashReportKeys: Rule = {
  name: 'CrashReportKeys',
  predicate: always,
  action({ annotations, dumpNames, processed, notes }) {
    const all = new Set([...Object.keys(annotations), ...dumpNames])
    const valid = [...all].filter((key) => /^[a-zA-Z0-9_-]+$/.test(key)).map((key) => key.slice(0, MAX_KEY_CHARS))
    processed.crash_report_keys = [...new Set(valid)].sort()
    if (valid.length !== all.size || valid.some((key) => !all.has(key))) {
      notes.push('invalidkeys: Crash report contains invalid keys')
    }
  },
}

export const collectorMetadata: Rule = {
  name: 'CollectorMetadata',
  predicate: always,
  action({ rawCrash, processed }) {
    processed.collector_metadata = rawCrash.metadata
  },
}

/** Ours: how many reports this one stands for and by which rule, and with which it is alike. */
export const sampling: Rule = {
  name: 'Sampling',
  predicate: always,
  action({ rawCrash: { metadata }, processed }) {
    if (metadata.sample_weight !== undefined) processed.sample_weight = metadata.sample_weight
    if (metadata.throttle_rule !== undefined) processed.throttle_rule = metadata.throttle_rule
    if (metadata.fingerprint !== undefined) processed.fingerprint = metadata.fingerprint
  },
}

/** The stackwalker reads it as text (stackwalk.ts); a JSON `extra` sends it as an object. */
export const convertModuleSignatureInfo: Rule = {
  name: 'ConvertModuleSignatureInfo',
  predicate: ({ annotations }) =>
    annotations.ModuleSignatureInfo !== undefined && typeof annotations.ModuleSignatureInfo !== 'string',
  action({ annotations }) {
    annotations.ModuleSignatureInfo = JSON.stringify(annotations.ModuleSignatureInfo)
  },
}

export const submittedFrom: Rule = {
  name: 'SubmittedFrom',
  predicate: always,
  action(crash) {
    const infobar = crash.annotations.SubmittedFromInfobar
    crash.processed.submitted_from_infobar = infobar === '1' || infobar === 'true' || infobar === true
    if (infobar === undefined) crash.processed.submitted_from = annotationText(crash, 'SubmittedFrom') || 'Unknown'
    else crash.processed.submitted_from = crash.processed.submitted_from_infobar === true ? 'Infobar' : 'Unknown'
  },
}

export const identifier: Rule = {
  name: 'Identifier',
  predicate: always,
  action({ rawCrash, processed }) {
    processed.crash_id = rawCrash.uuid
    processed.uuid = rawCrash.uuid
  },
}

export const minidumpSha256Hash: Rule = {
  name: 'MinidumpSha256Hash',
  predicate: always,
  action({ rawCrash, processed }) {
    processed.minidump_sha256_hash = rawCrash.metadata.dump_checksums?.[PRIMARY_DUMP_NAME] ?? ''
  },
}
