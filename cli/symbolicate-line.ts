import { type BuildId, parseBuildId } from '#shared/symbols/build-id.ts'

/** A `module+0xoffset` in a line of a log. */
export interface ModuleOffset {
  /** The module's file name, without its folder. */
  readonly module: string
  readonly offset: bigint
  /** The build id that the line itself names. */
  readonly buildId: BuildId | null
  /** Where it ends in the line: names go here. */
  readonly end: number
}

/** No file system has longer names. Backward looks end here, so that no line costs more than this for each `+`. */
const MAX_NAME_CHARS = 255
/** What a path before the name may have in brackets. */
const MAX_PATH_CHARS = 1_024

/** Hex without `0x` is an offset only after a name that is a module's for sure: `c+11` is none. */
const SURE_MODULE = /\.(?:dll|exe|sys|drv|ocx|dylib|so(?:\.[0-9.]+)?)$/i
const OFFSET = /\+(0x)?([0-9a-f]{1,16})(?![0-9a-z_])/giy
/** `#00 pc 0000000000012a4c  /system/lib64/libc.so (abort+164)`: Android. */
const PC = /\bpc (?:0x)?([0-9a-f]{1,16})[ \t]{1,16}([^\s()]{1,4096})(?=\s|$)/giy
const FOLLOWING_BUILD_ID = /[ \t]{0,8}(?:\([^()]{0,512}\)[ \t]{0,8})?\(BuildId: ?([0-9a-f]{4,128})\)/iy
const CLOSING = /[)\]]/y

/** What ends a name on its left. `!` is in APK paths (`base.apk!libx.so`), a colon in drives and in `#0: a.so`. */
const BEFORE_NAME = new Set('/\\()[]{}<>"\'`,;=:|!\t ')

/**
 * Finds the `module+0xoffset` in one line, in its order: plain, `lib.so!+0x…`, `mod.dll+1234`, glibc's `prog(+0x…)`, the sanitizers' and Chromium's
 * `(/path/lib.so+0x…) (BuildId: …)`, Mozilla's `[lib.so +0x…]`, Android's `pc 000… /path/lib.so (BuildId: …)`. A symbol with an offset (`prog(main+0x15)`,
 * `mod!func+0x15`) names no place in a module and is let be. Time grows with the length of the line and no faster.
 */
export function moduleOffsets(line: string): readonly ModuleOffset[] {
  const found: ModuleOffset[] = []
  for (let at = line.indexOf('+'); at >= 0; at = line.indexOf('+', at + 1)) {
    const offset = stickyMatch(OFFSET, line, at)
    if (offset === null) continue
    const [whole, prefix, digits = ''] = offset
    const named = moduleBefore(line, at, at + whole.length)
    if (named === null) continue
    if (prefix === undefined && !SURE_MODULE.test(named)) continue
    found.push({ module: named, offset: BigInt(`0x${digits}`), ...endOf(line, at + whole.length) })
  }
  for (let at = line.indexOf('pc '); at >= 0; at = line.indexOf('pc ', at + 1)) {
    const pc = stickyMatch(PC, line, at)
    const [whole = '', digits, path = ''] = pc ?? []
    const module = /[^/!]+$/.exec(path.slice(-MAX_NAME_CHARS))?.[0]
    if (digits === undefined || module === undefined || !path.includes('/') || path.includes('+')) continue
    found.push({ module, offset: BigInt(`0x${digits}`), ...endOf(line, at + whole.length) })
  }
  return found.sort((left, right) => left.end - right.end)
}

function stickyMatch(pattern: RegExp, line: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(line)
}

/** The end of what belongs to an offset: a bracket that closes it, and its build id. */
function endOf(line: string, offsetEnd: number): Pick<ModuleOffset, 'end' | 'buildId'> {
  const closed = stickyMatch(CLOSING, line, offsetEnd) === null ? offsetEnd : offsetEnd + 1
  const following = stickyMatch(FOLLOWING_BUILD_ID, line, closed)
  if (following === null) return { end: closed, buildId: null }
  return { end: closed + following[0].length, buildId: parseBuildId(following[1] ?? '') }
}

/** The module whose offset begins at `plus`; null where what stands there is no module. */
function moduleBefore(line: string, plus: number, offsetEnd: number): string | null {
  const before = line[plus - 1]
  if (before === '(') return plainName(line, plus - 1)
  // `lib.so!+0x12` is the module itself, `mod!func+0x12` a symbol.
  if (before === '!') return plainName(line, plus - 1)
  if (before === ' ') return line[offsetEnd] === ']' ? nameInBrackets(line, plus - 1, '[') : null
  if (line[offsetEnd] === ')') return nameInBrackets(line, plus, '(')
  const name = plainName(line, plus)
  return name !== null && line[plus - name.length - 1] === '!' && !isArchive(line, plus - name.length - 1) ? null : name
}

/** `base.apk!libx.so`: a file within another. */
function isArchive(line: string, bang: number): boolean {
  return line.slice(Math.max(0, bang - 4), bang).toLowerCase() === '.apk'
}

function plainName(line: string, end: number): string | null {
  let start = end
  while (start > 0 && end - start < MAX_NAME_CHARS && !BEFORE_NAME.has(line[start - 1] ?? '')) start -= 1
  return start === end ? null : line.slice(start, end)
}

/** The name of a path in brackets, which may hold spaces; `(main+0x15)` without any `/` after a name is a symbol of it. */
function nameInBrackets(line: string, end: number, bracket: '(' | '['): string | null {
  const from = Math.max(0, end - MAX_PATH_CHARS)
  const inBrackets = line.slice(from, end)
  const open = inBrackets.lastIndexOf(bracket)
  if (open < 0) return plainName(line, end)
  const path = inBrackets.slice(open + 1)
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  if (name === '' || name.length > MAX_NAME_CHARS) return null
  if (name.length < path.length) return name.includes('!') ? plainName(line, end) : name
  const isSymbol = bracket === '(' && /[^\s]/.test(line[from + open - 1] ?? ' ')
  return isSymbol || name.includes('!') ? null : name
}
