import type { Annotations, JsonValue } from '#shared/raw-crash.ts'

/**
 * How a reporter reads the answer of an accepted report. Mozilla's read lines of `key=value`; those of Breakpad and Crashpad keep the whole
 * body as the crash's id, and show it to people.
 */
export type AnswerForm = 'key_values' | 'bare_id'

/** A report in the words of Mozilla's reporters, whatever family it came from. */
export interface FamilyReading {
  /** As sent, and beside them what other families call by other names. */
  readonly annotations: Annotations
  readonly notes: readonly string[]
  readonly answerForm: AnswerForm
}

/** What other families call an annotation, the best first (DESIGN.md section 4; specs/collector.md 1.6). */
const OTHER_NAMES: readonly (readonly [name: string, otherNames: readonly string[]])[] = [
  // Electron sends its app as `_productName` and `_version`, and itself as `prod` and `ver`.
  ['ProductName', ['_productName', 'prod']],
  ['Version', ['_version', 'ver']],
  ['ProcessType', ['ptype', 'process_type']],
  ['Comments', ['comments_']],
]

/** Kinds of process whose name in Chromium is another one. */
const PROCESS_TYPES: ReadonlyMap<string, string> = new Map([
  ['browser', 'main'],
  ['gpu-process', 'gpu'],
])

/** Crashpad's own name of itself in its User-Agent, before its version. */
const CRASHPAD = 'Crashpad/'

/**
 * Fills in ProductName, Version, ProcessType and Comments of Breakpad's, Crashpad's and Electron's reports, before the throttle rules see them. What was
 * sent stays, so that nothing is lost; an annotation that has a value is never replaced.
 *
 * The answer is a bare id for a report that names its product in `_productName` or `prod` and not in `ProductName`, and for any report that Crashpad
 * sends. Breakpad's User-Agent says nothing: Firefox's older reporters and LibreOffice's use Breakpad's sender, and read `CrashID=`.
 */
export function readFamily(sent: Annotations, userAgent: string | null): FamilyReading {
  const annotations: Record<string, JsonValue> = Object.assign(Object.create(null), sent)
  for (const [name, otherNames] of OTHER_NAMES) {
    if (textOf(sent, name) !== '' || (sent[name] !== undefined && typeof sent[name] !== 'string')) continue
    const value = otherNames.map((otherName) => textOf(sent, otherName)).find((text) => text !== '')
    if (value !== undefined) annotations[name] = name === 'ProcessType' ? (PROCESS_TYPES.get(value) ?? value) : value
  }
  const framework = textOf(sent, 'prod')
  if (framework === 'Electron' && sent.ElectronVersion === undefined && textOf(sent, 'ver') !== '') {
    annotations.ElectronVersion = textOf(sent, 'ver')
  }
  const isNamedOtherwise = textOf(sent, 'ProductName') === '' && textOf(annotations, 'ProductName') !== ''
  const isBreakpads = isNamedOtherwise || (userAgent ?? '').startsWith(CRASHPAD)
  if (!isBreakpads) return { annotations, notes: [], answerForm: 'key_values' }
  // Breakpad's name for `Email`, which no collector keeps.
  const notes = delete annotations.email && sent.email !== undefined ? ['Removed email from raw crash.'] : []
  return { annotations, notes, answerForm: 'bare_id' }
}

/** The text of an annotation; empty where it was not sent, or not as text. */
function textOf(annotations: Annotations, name: string): string {
  const value = annotations[name]
  return typeof value === 'string' ? value : ''
}
