import { CRASH_ANNOTATIONS, type CrashAnnotation } from '#shared/annotations.ts'
import { PRIMARY_DUMP_NAME } from '#shared/store/crash-keys.ts'
import { always, annotationText, isRecord, type Rule } from './rule.ts'

/** Rules that clean the raw crash's annotations and take them over (specs/processor.md 1.3, 1-11). */

/** NUL characters are a client's mistake, never data. */
const deNull: Rule = {
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

const deNone: Rule = {
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
const crashReportKeys: Rule = {
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

const collectorMetadata: Rule = {
  name: 'CollectorMetadata',
  predicate: always,
  action({ rawCrash, processed }) {
    processed.collector_metadata = rawCrash.metadata
  },
}

/** Copies what the table of annotations says, as the type that it says; a value of another type costs a note. */
const copyFromRawCrash: Rule = {
  name: 'CopyFromRawCrash',
  predicate: always,
  action(crash) {
    for (const annotation of CRASH_ANNOTATIONS) {
      const { name, copy } = annotation
      if (copy === undefined) continue
      const value = crash.annotations[name]
      if (value === undefined) {
        if (copy.whenAbsent !== undefined) crash.processed[copy.key] = copy.whenAbsent
        continue
      }
      const converted = convert(annotation, value)
      if (converted.kind === 'note') crash.notes.push(converted.note)
      else crash.processed[copy.key] = converted.value
    }
  },
}

type Conversion = { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'note'; readonly note: string }

function convert({ name, type, visibility }: CrashAnnotation, value: unknown): Conversion {
  const note = (text: string): Conversion => ({ kind: 'note', note: `${name} ${text}` })
  const text = typeof value === 'string' ? value : isRecord(value) ? JSON.stringify(value) : String(value)
  switch (type) {
    case 'boolean': {
      const truth = BOOLEANS.get(text.toLowerCase())
      if (truth !== undefined) return { kind: 'value', value: truth }
      return note(visibility === 'public' ? `has non-boolean value ${text.slice(0, 100)}` : 'has a non-boolean value')
    }
    case 'integer':
      return INTEGER.test(text)
        ? { kind: 'value', value: Number(text.replaceAll('_', '')) }
        : note('has a non-int value')
    case 'number': {
      const number = text.trim() === '' ? Number.NaN : Number(text)
      return Number.isFinite(number) ? { kind: 'value', value: number } : note('has a non-float value')
    }
    case 'string':
      return { kind: 'value', value: text.trimEnd() }
    case 'object': {
      if (isRecord(value)) return { kind: 'value', value }
      try {
        const parsed: unknown = JSON.parse(text)
        return isRecord(parsed) ? { kind: 'value', value: parsed } : note('value is malformed json')
      } catch {
        return note('value is malformed json')
      }
    }
  }
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
])
/** As the peer reads integers: spaces, a sign and `_` between digits are fine. */
const INTEGER = /^\s*[+-]?\d+(?:_\d+)*\s*$/

const submittedFrom: Rule = {
  name: 'SubmittedFrom',
  predicate: always,
  action(crash) {
    const infobar = crash.annotations.SubmittedFromInfobar
    crash.processed.submitted_from_infobar = infobar === '1' || infobar === 'true' || infobar === true
    if (infobar === undefined) crash.processed.submitted_from = annotationText(crash, 'SubmittedFrom') || 'Unknown'
    else crash.processed.submitted_from = crash.processed.submitted_from_infobar === true ? 'Infobar' : 'Unknown'
  },
}

const identifier: Rule = {
  name: 'Identifier',
  predicate: always,
  action({ rawCrash, processed }) {
    processed.crash_id = rawCrash.uuid
    processed.uuid = rawCrash.uuid
  },
}

const minidumpSha256Hash: Rule = {
  name: 'MinidumpSha256Hash',
  predicate: always,
  action({ rawCrash, processed }) {
    processed.minidump_sha256_hash = rawCrash.metadata.dump_checksums?.[PRIMARY_DUMP_NAME] ?? ''
  },
}

/** The rules before the stackwalk, in order. */
export const RAW_CRASH_RULES: readonly Rule[] = [
  deNull,
  deNone,
  crashReportKeys,
  collectorMetadata,
  copyFromRawCrash,
  submittedFrom,
  identifier,
  minidumpSha256Hash,
]
