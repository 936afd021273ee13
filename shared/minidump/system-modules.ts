/**
 * Modules of the system and of language runtimes: their frames are on the stacks of crashes that have nothing else in common (`abort` below every
 * failed assertion). An app's own copy of a runtime is one too. Known by path or by name, because a dump says no more.
 */

/** Folders of the system: Windows; macOS and iOS; Android. What is in them, at any depth, is its own. */
const SYSTEM_FOLDERS = /^(?:[a-z]:\/windows\/|\/system\/|\/usr\/lib\/system\/|\/apex\/|\/vendor\/|\/product\/)/
/**
 * Library folders of Linux and macOS themselves, with the folder of an architecture, but not what an app installs below them (`/usr/lib/firefox/libxul.so`,
 * `/usr/bin/…`).
 */
const LIBRARY_FOLDER =
  /^(?:\/usr)?\/lib(?:32|64|x32)?\/(?:[a-z0-9_]+-linux-(?:gnu|musl|android)[a-z0-9_]*\/|i386-linux-gnu\/)?[^/]+$/

const RUNTIMES = [
  // Linux and Android
  /^(?:ld|libc|libm|libdl|librt|libpthread|libresolv|libgcc_s|libstdc\+\+|libc\+\+|libc\+\+abi|libc\+\+_shared|libunwind|libasan|libtsan)(?:[-.].*)?$/,
  /^(?:linux-vdso|linux-gate|\[vdso\]|linker|libart|libdvm|libandroid_runtime|libgo)(?:[-.].*)?$/,
  // Windows
  /^(?:ntdll|kernel32|kernelbase|user32|win32u|ucrtbased?|msvcrt|msvcp\d+.*|msvcr\d+.*|vcruntime\d+.*|concrt\d+.*|api-ms-win-.*|wow64.*)\.dll$/,
  // macOS, and the flavour-neutral runtimes of languages
  /^(?:dyld|libsystem.*|libobjc\..*|libdispatch\..*|corefoundation|foundation|libswift.*|libdyld.*|python\d+\.dll)$/,
]

/** Whether a module is the system's or a runtime. */
export function isSystemModule(codeFile: string): boolean {
  const path = codeFile.replaceAll('\\', '/').toLowerCase()
  if (SYSTEM_FOLDERS.test(path) || LIBRARY_FOLDER.test(path)) return true
  const name = path.slice(path.lastIndexOf('/') + 1)
  return RUNTIMES.some((runtime) => runtime.test(name))
}
