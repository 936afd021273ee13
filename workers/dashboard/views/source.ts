import { asText } from './json-value.ts'

/** Where a frame is in source code. `href` only when the debug file names a revision of a public repository. */
export interface Source {
  /** The path within its repository, where one is known. */
  readonly path: string
  /** The file as the sym file has it. */
  readonly file: string
  readonly line: number | null
  readonly href: string | null
}

/**
 * `<vcs>:<repository>:<path>:<revision>`, as Mozilla's and Chromium's builds write FILE records:
 * `hg:hg.mozilla.org/mozilla-central:xpcom/base/nsDebug.cpp:5a7b…`, `git:github.com/rust-lang/rust:library/std/src/panic.rs:9fc6…`.
 */
const VCS = /^(hg|git):([a-z0-9.-]+)\/([^:]+):([^:]+):([0-9A-Za-z]+)$/

/** Frames of Rust's standard library: the compiler writes its own commit into their paths. */
const RUST_STD = /^\/rustc\/([0-9a-f]{40})\/(library\/[^\\]+)$/

/** The source of a frame, or null when the sym file has no line for it. */
export function sourceOf(file: unknown, line: number | null): Source | null {
  const text = asText(file)
  if (text === null) return null
  const [, vcs, host, repository, path, revision] = VCS.exec(text) ?? []
  const [, rustRevision, rustPath] = RUST_STD.exec(text) ?? []
  if (rustRevision !== undefined && rustPath !== undefined) {
    const href = `https://github.com/rust-lang/rust/blob/${rustRevision}/${inPath(rustPath)}#L${line ?? ''}`
    return { path: text, file: text, line, href }
  }
  if (host === undefined || repository === undefined || path === undefined || revision === undefined) {
    return { path: text, file: text, line, href: null }
  }
  const where = `https://${host}/${inPath(repository)}`
  const at = line === null ? '' : String(line)
  if (vcs === 'hg') return { path, file: text, line, href: `${where}/file/${revision}/${inPath(path)}#l${at}` }
  if (host === 'github.com') return { path, file: text, line, href: `${where}/blob/${revision}/${inPath(path)}#L${at}` }
  return { path, file: text, line, href: null }
}

function inPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
