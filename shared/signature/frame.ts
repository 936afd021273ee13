import { isObject, type JsonObject, MalformedCrashData } from './crash-data.ts'
import { normalizeCppFunction, normalizeRustFunction } from './function-name.ts'
import type { SignatureLists } from './lists.ts'
import { isTruthy, printed } from './text.ts'

/** Frames of one stack, inlines as frames of their own, each as the text that a signature is made of (specs/processor.md 2.4). */

/** Frames that a signature looks at. */
const MAX_SIGNATURE_FRAMES = 40

/** Rust 1.34 lost the module of these functions: the source file tells it. */
const RUST_1_34_MODULES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'src/liballoc/raw_vec.rs': { capacity_overflow: 'alloc::raw_vec::' },
  'src/libcore/option.rs': { expect_failed: 'core::option::' },
  'src/libcore/panicking.rs': {
    panic: 'core::panicking::',
    panic_fmt: 'core::panicking::',
    panic_bounds_check: 'core::panicking::',
  },
  'src/libcore/slice/mod.rs': { slice_index_order_fail: 'core::slice::' },
  'src/libstd/panicking.rs': {
    begin_panic_fmt: 'std::panicking::',
    continue_panic_fmt: 'std::panicking::',
    rust_panic_with_hook: 'std::panicking::',
  },
}

/** The normalised frames of a stack, innermost first. Throws {@link MalformedCrashData} for frames that are no objects. */
export function normalizedFrames(frames: unknown, os: unknown, lists: SignatureLists): readonly string[] {
  return flattened(frames).map((frame) => normalizeFrame(withRustModule(withWindowsModule(frame, os)), lists))
}

function flattened(frames: unknown): readonly JsonObject[] {
  if (!Array.isArray(frames)) throw new MalformedCrashData('frames is not a list')
  const flat: JsonObject[] = []
  for (const frame of frames) {
    if (flat.length >= MAX_SIGNATURE_FRAMES) break
    if (!isObject(frame)) throw new MalformedCrashData('a frame is not an object')
    const { module, module_offset, offset } = frame
    for (const inline of isTruthy(frame.inlines) ? asList(frame.inlines) : []) {
      if (!isObject(inline)) throw new MalformedCrashData('an inline is not an object')
      const { function: name, file, line } = inline
      flat.push({ function: name, file, line, module, module_offset, offset })
    }
    flat.push(frame)
  }
  return flat.slice(0, MAX_SIGNATURE_FRAMES)
}

function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedCrashData('inlines is not a list')
  return value
}

function withRustModule(frame: JsonObject): JsonObject {
  const file = typeof frame.file === 'string' ? parseSourceFile(frame.file) : null
  const name = frame.function
  if (file === null || typeof name !== 'string') return frame
  const functions = Object.hasOwn(RUST_1_34_MODULES, file) ? RUST_1_34_MODULES[file] : undefined
  const path = functions !== undefined && Object.hasOwn(functions, name) ? functions[name] : undefined
  return path === undefined ? frame : { ...frame, function: `${path}${name}` }
}

/** Windows shows one DLL as `ntdll.dll` and `NTDLL.DLL`. Only the exact `Windows NT` of a stackwalk counts, not a crash ping's `Windows`. */
function withWindowsModule(frame: JsonObject, os: unknown): JsonObject {
  return os === 'Windows NT' && typeof frame.module === 'string'
    ? { ...frame, module: frame.module.toLowerCase() }
    : frame
}

/**
 * One frame as text, by the best that is known of it: function, else file and line, module, unloaded module, address, nothing (``).
 */
export function normalizeFrame(frame: JsonObject, lists: SignatureLists): string {
  const { function: name, file, line, module, unloaded_modules: unloaded, offset } = frame
  if (isTruthy(name)) {
    const source = isTruthy(file) ? parseSourceFile(text(file, 'file')) : null
    return source?.endsWith('.rs') === true
      ? normalizeRustFunction(text(name, 'function'), line, lists)
      : normalizeCppFunction(text(name, 'function'), line, lists)
  }
  if (isTruthy(file) && isTruthy(line)) return `${lastPathPart(text(file, 'file'))}#${printed(line)}`
  if (isTruthy(module))
    return text(module, 'module')
      .replace(/^[[\]]+/, '')
      .replace(/[[\]]+$/, '')
  if (isTruthy(unloaded)) return `(unloaded ${printed(firstModule(unloaded))})`
  if (isTruthy(offset)) return `@${stripLeadingZeros(offset)}`
  return ''
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new MalformedCrashData(`a frame's ${what} is not text`)
  return value
}

function firstModule(unloaded: unknown): unknown {
  const first: unknown = Array.isArray(unloaded) ? unloaded[0] : undefined
  if (!isObject(first)) throw new MalformedCrashData('unloaded_modules is not a list of objects')
  return first.module
}

function lastPathPart(path: string): string {
  let end = path.length
  while (end > 0 && (path.charAt(end - 1) === '/' || path.charAt(end - 1) === '\\')) end--
  const trimmed = path.slice(0, end)
  return trimmed.slice(trimmed.lastIndexOf(trimmed.includes('\\') ? '\\' : '/') + 1)
}

/**
 * The path in what a symbol file calls a file: `hg:hg.example.org/repo:src/a.cpp:1f2e` → `src/a.cpp`, `d:\w\a.cpp` → `\w\a.cpp`, an absolute
 * path is itself. Null for all else, so a relative `src/x.rs` counts as C++ (as in the peer).
 */
export function parseSourceFile(file: string): string | null {
  const parts = file.split(':')
  if (parts.length === 4) return parts[2] ?? null
  if (parts.length === 2) return parts[1] ?? null
  return file.startsWith('/') ? file : null
}

/** `0x0000000000032ec0` → `0x32ec0`. Text that is no hexadecimal number stays; a number stays. */
export function stripLeadingZeros(offset: unknown): string {
  if (typeof offset !== 'string') return printed(offset)
  const match = /^\s*([+-]?)(?:0[xX]_?)?([0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)\s*$/.exec(offset)
  if (match === null) return offset
  const [, sign = '', digits = ''] = match
  const value = BigInt(`0x${digits.replaceAll('_', '')}`)
  return `${sign === '-' && value !== 0n ? '-' : ''}0x${value.toString(16)}`
}
