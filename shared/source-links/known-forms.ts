/**
 * Paths of sym files that say by themselves where their source is on the web (specs/symbols.md 3.4): what build systems write for
 * files under version control, Rust's standard library, and crates of crates.io.
 */

/** A file in a repository. */
export interface KnownFile {
  /** The path within its repository or crate, for people. */
  readonly path: string
  /** Null: the form is known, its host is not. */
  readonly href: string | null
  /** The revision that the path names; null where it names none of a repository. */
  readonly revision: string | null
}

/**
 * `<vcs>:<repository>:<path>:<revision>`: `hg:hg.mozilla.org/mozilla-central:xpcom/base/nsDebug.cpp:5a7b…`,
 * `git:github.com/rust-lang/rust:library/std/src/panic.rs:9fc6…`.
 */
const VCS = /^(hg|git):([a-z0-9.-]+)\/([^:]+):([^:]+):([0-9A-Za-z]+)$/
/** `s3:<bucket>:<digest>/<path>:`, generated sources of Mozilla's builds. The bucket is nobody's repository: no link. */
const GENERATED = /^s3:[^:]+:[0-9a-f]+\/([^:]+):$/
/** The compiler writes its own commit into the paths of the standard library; on Windows with backslashes behind it. */
const RUST_STD = /^\/rustc\/([0-9a-f]{40})\/+((?:library|src|compiler)\/.+)$/
/** `cargo:<registry>:<crate>-<version>:<path>`. */
const CARGO = /^cargo:([^:]+):([^:]+):([^:]+)$/
/** Where cargo unpacks crates, and where the standard library's own dependencies are built. */
const CARGO_HOME = /\/registry\/src\/([^/]+)\/([^/]+)\/(.+)$/
const RUST_DEPS = /^\/rust\/deps\/([^/]+)\/(.+)$/
const CRATES_IO = /^(?:index\.crates\.io-[0-9a-f]{16}|github\.com-1ecc6299db9ec823)$/
const CRATE = /^([A-Za-z0-9_-]+?)-(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)$/

/** Reads such a path; null for every other one. */
export function knownFile(file: string, line: number | null): KnownFile | null {
  const at = line === null ? '' : String(line)
  const [, vcs, host, repository, path, revision] = VCS.exec(file) ?? []
  if (vcs !== undefined && host !== undefined && repository && path && revision) {
    const where = webPath(repository) === null || webPath(path) === null ? null : { repository, path }
    const href = where === null ? null : vcsAddress(vcs, host, repository, path, revision, at)
    return { path, href, revision }
  }
  const [, generated] = GENERATED.exec(file) ?? []
  if (generated !== undefined) return { path: generated, href: null, revision: null }

  const slashed = file.replaceAll('\\', '/')
  const [, rustRevision, rustPath] = RUST_STD.exec(slashed) ?? []
  if (rustRevision !== undefined && rustPath !== undefined) {
    const inRepository = webPath(rustPath)
    const href =
      inRepository === null ? null : `https://github.com/rust-lang/rust/blob/${rustRevision}/${inRepository}#L${at}`
    return { path: rustPath, href, revision: rustRevision }
  }
  const [, registry = '', crate, cratePath] = CARGO.exec(file) ?? CARGO_HOME.exec(slashed) ?? []
  if (crate !== undefined && cratePath !== undefined) {
    return crateFile(crate, cratePath, CRATES_IO.test(registry), at)
  }
  const [, dependency, dependencyPath] = RUST_DEPS.exec(slashed) ?? []
  if (dependency === undefined || dependencyPath === undefined) return null
  return crateFile(dependency, dependencyPath, true, at)
}

function crateFile(crate: string, path: string, isPublic: boolean, at: string): KnownFile {
  const [, name, version] = CRATE.exec(crate) ?? []
  const inCrate = webPath(path)
  const href =
    !isPublic || name === undefined || version === undefined || inCrate === null
      ? null
      : `https://docs.rs/crate/${name}/${encodeURIComponent(version)}/source/${inCrate}#L${at}`
  return { path: `${crate}/${path}`, href, revision: null }
}

/** The page of a file at a revision. hgweb answers the same paths on every host; of git hosts, the well-known ones are known. */
function vcsAddress(vcs: string, host: string, repository: string, path: string, revision: string, at: string) {
  const where = `https://${host}/${webPath(repository)}`
  const file = webPath(path)
  if (vcs === 'hg') return `${where}/file/${revision}/${file}#l${at}`
  if (host === 'github.com') return `${where}/blob/${revision}/${file}#L${at}`
  if (host === 'gitlab.com' || host.startsWith('gitlab.')) return `${where}/-/blob/${revision}/${file}#L${at}`
  if (host === 'codeberg.org') return `${where}/src/commit/${revision}/${file}#L${at}`
  if (host === 'bitbucket.org') return `${where}/src/${revision}/${file}#lines-${at}`
  return host.endsWith('.googlesource.com') ? `${where}/+/${revision}/${file}#${at}` : null
}

/** The path as it stands in an address, or null where a browser would walk out of it (`a/../../b`). */
export function webPath(path: string): string | null {
  const segments = path.split('/')
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) return null
  try {
    return segments.map(encodeURIComponent).join('/')
  } catch {
    // Half of a surrogate pair.
    return null
  }
}
