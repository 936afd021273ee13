import { dropPrefixAndReturnType, replaceSlices } from './brackets.ts'
import { MalformedCrashData } from './crash-data.ts'
import type { SignatureLists } from './lists.ts'
import { printed, trim } from './text.ts'

/** Function names of symbol files, reduced to what stays the same from build to build (specs/processor.md 2.5). */

/** Qualifiers after the arguments, each cut once, in this order: `f() const &` → `f()`. */
const TRAILING_QUALIFIERS = ['const', 'const&', 'const &', '&&', '&']

/** `IPC::ParamTraits<IPC::ParamTraits<…` is followed this deep: each level scans the name again, and no real name nests it twice. */
const MAX_PARAM_TRAITS_DEPTH = 4

/** Template arguments become `<T>`, except where they are the name: `<name omitted>`, `<A as B>`, `<unknown in x.pdb>`, `operator<`. */
export function collapseTypes(name: string, depth = 0): string {
  return replaceSlices(name, '<', '>', (before, inside) => {
    if (inside === '<name omitted>' || inside.includes(' as ') || inside.includes(' in ')) return inside
    if (before.endsWith('operator')) return inside
    if (before.endsWith('IPC::ParamTraits') && depth < MAX_PARAM_TRAITS_DEPTH) {
      return `<${collapseTypes(inside.slice(1, -1), depth + 1)}>`
    }
    return '<T>'
  })
}

/** Arguments go; `(anonymous namespace)` and `operator()` stay. */
export function collapseArguments(name: string): string {
  return replaceSlices(name, '(', ')', (before, inside) =>
    inside === '(anonymous namespace)' || before.endsWith('operator') ? inside : '',
  )
}

/** A C, C++ or Objective-C function. Throws {@link MalformedCrashData} for a name that is nothing but qualifiers. */
export function normalizeCppFunction(functionName: string, line: unknown, lists: SignatureLists): string {
  let name = functionName
  for (const qualifier of TRAILING_QUALIFIERS) {
    if (name.endsWith(qualifier)) name = trim(name.slice(0, -qualifier.length))
  }
  if (!name.includes('::operator')) name = withoutReturnType(name)
  name = name.replaceAll("`anonymous namespace'", '(anonymous namespace)')
  name = name.replace(/::\$_\p{Nd}+::/gu, '::$$::')
  name = collapseArguments(collapseTypes(name))
  if (name.includes('clone .cold')) name = replaceSlices(name, '[', ']', () => '')
  return spaced(withLine(name, line, lists))
}

/** A Rust function. The hash goes after the line number is added, as the peer does it, so a numbered function keeps its hash. */
export function normalizeRustFunction(functionName: string, line: unknown, lists: SignatureLists): string {
  let name = withoutReturnType(functionName)
  name = replaceSlices(name, '<', '>', (_, inside) => (inside.includes(' as ') ? inside : '<T>'))
  name = replaceSlices(name, '(', ')', () => '')
  return spaced(withLine(name, line, lists)).replace(/::h[0-9a-fA-F]+(?=\n?$)/, '')
}

function withoutReturnType(name: string): string {
  const kept = dropPrefixAndReturnType(name)
  if (kept === null) throw new MalformedCrashData('a function name is empty')
  return kept
}

function withLine(name: string, line: unknown, lists: SignatureLists): string {
  return lists.withLineNumbers.matches(name) ? `${name}:${printed(line)}` : name
}

/** One way of spacing: `Foo *,int` and `Foo*, int` are one function. */
function spaced(name: string): string {
  return name.replace(/ (?=[*&,])/g, '').replace(/,(?! )/g, ', ')
}
