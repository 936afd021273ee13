import { type Source, type SourceFinder, sourceFinder } from '#shared/source-links/source-links.ts'
import { asFlag, asList, asNumber, asRecord, asText } from './json-value.ts'

const NO_RULES = sourceFinder()

/** One frame of a Java exception. */
export interface JavaFrame {
  readonly function: string
  readonly source: Source | null
  /** Code of the product, not of a library; null where the client does not say. */
  readonly inApp: boolean | null
}

/** One exception of a chain. */
export interface JavaException {
  readonly class: string
  /** Protected: only there for viewers with view_pii. */
  readonly message: string | null
  readonly frames: readonly JavaFrame[]
}

/** Exceptions of one chain, and frames of one exception, that a page shows. */
const MAX_EXCEPTIONS = 20
const MAX_FRAMES = 500

/** The structured exception of the processed crash (`java_exception`), in the order in which it was sent. */
export function javaExceptions(
  crash: Readonly<Record<string, unknown>>,
  findSource: SourceFinder = NO_RULES,
): readonly JavaException[] {
  const values = asList(asRecord(asRecord(crash.java_exception).exception).values)
  return values.slice(0, MAX_EXCEPTIONS).flatMap((value) => {
    const { type, module, value: message, frames } = asRecord(asRecord(value).stacktrace)
    const name = [asText(module), asText(type)].filter((part) => part !== null).join('.')
    if (name === '' && asList(frames).length === 0) return []
    return [
      {
        class: name === '' ? '(unnamed exception)' : name,
        message: asText(message),
        frames: asList(frames)
          .slice(0, MAX_FRAMES)
          .map((frame) => javaFrame(frame, findSource)),
      },
    ]
  })
}

function javaFrame(frame: unknown, findSource: SourceFinder): JavaFrame {
  const { module, function: name, filename, lineno, in_app } = asRecord(frame)
  const file = asText(filename)
  return {
    function: [asText(module), asText(name)].filter((part) => part !== null).join('.') || '(unnamed method)',
    source: file === null ? null : findSource(file, asNumber(lineno), null),
    inApp: in_app === undefined || in_app === null ? null : asFlag(in_app),
  }
}
