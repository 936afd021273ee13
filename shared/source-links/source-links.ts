import { type KnownFile, knownFile, webPath } from './known-forms.ts'
import type { RevisionSource, SourceRule } from './source-rule.ts'

/** Where a frame is in source code. */
export interface Source {
  /** The path within its repository, where one is known. */
  readonly path: string
  /** The file as the sym file has it. */
  readonly file: string
  readonly line: number | null
  /** The page of that line at that revision; null where no rule knows it. */
  readonly href: string | null
}

/** What a crash says of the revision that it was built from. */
export interface RevisionFacts {
  readonly annotation: (name: string) => string | null
  /** The revision that the uploader of this module's symbols stated. */
  readonly symbolUpload: (module: string | null) => string | null
  readonly version: string | null
}

/** Finds the source of a frame in a module. */
export type SourceFinder = (file: string, line: number | null, module: string | null) => Source

const NO_FACTS: RevisionFacts = { annotation: () => null, symbolUpload: () => null, version: null }

/**
 * The sources of one crash: paths that say where they are (known-forms.ts), then the product's rules in their order; a rule whose revision is not
 * known is passed over. A link never leads to another host than its rule's.
 */
export function sourceFinder(rules: readonly SourceRule[] = [], facts: RevisionFacts = NO_FACTS): SourceFinder {
  return (file, line, module) => {
    const known = knownFile(file, line)
    if (known !== null && known.href !== null) return { path: known.path, file, line, href: known.href }
    for (const rule of rules) {
      const path = pathBehind(rule.prefix, file, known)
      const revision = path === null ? null : revisionOf(rule, facts, module, known)
      const href = path === null ? null : filled(rule, { path, line, revision, version: facts.version })
      if (path !== null && href !== null) return { path, file, line, href }
    }
    return { path: known?.path ?? file, file, line, href: null }
  }
}

/** The rest of the path behind the prefix, with slashes; null where it does not start so. Windows' drives and folders have no case. */
function pathBehind(prefix: string, file: string, known: KnownFile | null): string | null {
  const [start, whole] = [prefix, file].map((path) => path.replaceAll('\\', '/'))
  if (start === undefined || whole === undefined) return null
  const anyCase = /^[a-z]:\//i.test(start)
  const starts = anyCase ? whole.toLowerCase().startsWith(start.toLowerCase()) : whole.startsWith(start)
  if (!starts) return null
  // `git:git.example.com/app:` is a prefix too; path and revision are the form's own.
  if (known !== null) return start.endsWith(':') && known.revision !== null ? known.path : null
  const rest = whole.slice(start.length).replace(/^\/+/, '')
  // Without a prefix a rule is for relative paths alone.
  if (start === '' && (whole.startsWith('/') || /^[a-z][a-z0-9]*:/i.test(whole))) return null
  return rest === '' ? null : rest.replace(/^(?:\.\/)+/, '')
}

function revisionOf(rule: SourceRule, facts: RevisionFacts, module: string | null, known: KnownFile | null) {
  if (known?.revision) return known.revision
  for (const source of rule.revision) {
    const revision = revisionFrom(source, facts, module)
    if (revision !== null && webPath(revision) !== null) return revision
  }
  return null
}

function revisionFrom(source: RevisionSource, facts: RevisionFacts, module: string | null): string | null {
  const found =
    'annotation' in source
      ? facts.annotation(source.annotation)
      : 'symbol_upload' in source
        ? facts.symbolUpload(module)
        : facts.version === null
          ? null
          : source.tag.replaceAll('{version}', facts.version)
  const revision = found?.trim() ?? ''
  return revision === '' || revision.length > 200 ? null : revision
}

/** The template with its placeholders filled, each escaped; null where one that it needs is not known. */
function filled(
  { url_template }: SourceRule,
  values: Readonly<Record<'path' | 'revision' | 'version', string | null>> & { readonly line: number | null },
): string | null {
  const parts = {
    path: values.path === null ? null : webPath(values.path),
    revision: values.revision === null ? null : webPath(values.revision),
    version: values.version === null ? null : webPath(values.version),
  }
  let known = true
  const href = url_template.replace(/\{(path|line|revision|version)\}/g, (_, name: keyof typeof parts | 'line') => {
    if (name === 'line') return values.line === null ? '' : String(values.line)
    const part = parts[name]
    if (part === null) known = false
    return part ?? ''
  })
  return known && URL.canParse(href) ? href : null
}
