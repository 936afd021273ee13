import { MAX_ANNOTATIONS_DOCUMENT_BYTES } from '../limits.ts'
import { type ConfigDocument, type ConfigDocumentDeps, configDocument } from '../store/config-document.ts'
import { parseAnnotations } from './annotations-document.ts'
import { type AnnotationRegistry, annotationRegistry, BUILT_IN_REGISTRY } from './registry.ts'

/** The annotations of a deployment, as an isolate holds them. */
export type AnnotationSource = ConfigDocument<AnnotationRegistry>

/** Where CONFIG is not asked: tests, and what knows only built-in annotations. */
export const BUILT_IN_ANNOTATIONS: AnnotationSource = {
  current: async () => BUILT_IN_REGISTRY,
  problem: () => null,
}

/** Reads `annotations.json` of CONFIG. */
export function annotationSource(deps: ConfigDocumentDeps): AnnotationSource {
  return configDocument(
    {
      key: 'annotations.json',
      name: 'annotations',
      maxBytes: MAX_ANNOTATIONS_DOCUMENT_BYTES,
      builtIn: BUILT_IN_REGISTRY,
      parse(json) {
        const parsed = parseAnnotations(json)
        if (parsed.kind === 'parsed') return { kind: 'parsed', value: annotationRegistry(parsed.document) }
        const [first] = parsed.problems
        const name = first?.annotation ?? null
        return {
          kind: 'malformed',
          path: first?.path ?? '(document)',
          problem: `${name === null ? '' : `${name}: `}${first?.problem ?? 'unknown'}`,
        }
      },
    },
    deps,
  )
}
