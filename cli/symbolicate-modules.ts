import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { debugIdOf } from '#shared/symbols/build-id.ts'
import { errorCode } from './error-code.ts'
import type { ModuleOffset } from './symbolicate-line.ts'

/** A module as symbols know it. */
export interface KnownModule {
  /** The name of its file in logs, such as `xul.dll`; null: known by its debug file alone. */
  readonly codeFile: string | null
  readonly debugFile: string
  readonly debugId: string
}

/** Which module a log means, or why that cannot be told. */
export type ModuleMatch =
  | { readonly kind: 'module'; readonly debugFile: string; readonly debugId: string }
  /** The line has no build id, and no known module has this name. */
  | { readonly kind: 'unknown_module' }
  /** Several known modules have this name. */
  | { readonly kind: 'ambiguous_module' }

export type ModulesRead =
  | { readonly kind: 'read'; readonly modules: readonly KnownModule[] }
  | { readonly kind: 'bad'; readonly message: string }

const memoryMapSchema = z
  .array(z.tuple([z.string(), z.string()]))
  .transform((modules) => modules.map(([debugFile, debugId]): KnownModule => ({ codeFile: null, debugFile, debugId })))
const stackwalkSchema = z
  .array(z.object({ filename: z.string().nullish(), debug_file: z.string().nullish(), debug_id: z.string().nullish() }))
  .transform((modules) =>
    modules.flatMap(({ filename, debug_file, debug_id }): readonly KnownModule[] =>
      debug_file === null || debug_file === undefined || debug_id === null || debug_id === undefined
        ? []
        : [{ codeFile: filename ?? null, debugFile: debug_file, debugId: debug_id }],
    ),
  )
const modulesSchema = z.union([
  memoryMapSchema,
  z.object({ memoryMap: memoryMapSchema }).transform(({ memoryMap }) => memoryMap),
  z.object({ modules: stackwalkSchema }).transform(({ modules }) => modules),
  z.object({ json_dump: z.object({ modules: stackwalkSchema }) }).transform(({ json_dump }) => json_dump.modules),
])

/** Reads `--modules`: a memoryMap as symbolication takes it, or the JSON of a stackwalk. */
export function readModulesFile(file: string): ModulesRead {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (thrown) {
    const why = thrown instanceof SyntaxError ? 'not JSON' : errorCode(thrown)
    return { kind: 'bad', message: `Cannot read the modules ${file} (${why}).` }
  }
  const parsed = modulesSchema.safeParse(value)
  if (parsed.success) return { kind: 'read', modules: parsed.data }
  const form = '[["<debug file>", "<debug id>"], …], {"memoryMap": …}, or the JSON of mayday stackwalk'
  return { kind: 'bad', message: `${file} must be ${form}.` }
}

/**
 * Tells modules by what a log says of them: by the build id of the line first, else by name. Names count without case, and without `.dll`, `.exe` and `.pdb`, because
 * Windows' debug files have other names than the modules.
 */
export class KnownModules {
  readonly #byName = new Map<string, Map<string, KnownModule>>()
  readonly #byId = new Map<string, KnownModule>()

  constructor(modules: readonly KnownModule[]) {
    for (const module of modules) {
      const id = module.debugId.toUpperCase()
      if (!this.#byId.has(id)) this.#byId.set(id, module)
      for (const name of new Set([module.debugFile, module.codeFile ?? module.debugFile].map(nameKey))) {
        const named = this.#byName.get(name) ?? new Map<string, KnownModule>()
        this.#byName.set(name, named.set(`${module.debugFile}/${id}`, module))
      }
    }
  }

  match({ module, buildId }: Pick<ModuleOffset, 'module' | 'buildId'>): ModuleMatch {
    if (buildId !== null) {
      const debugId = debugIdOf(buildId)
      // dump_syms names the file that it read, a log the one that was loaded: libx.so.1.2 and libx.so.1 are one module.
      return { kind: 'module', debugFile: this.#byId.get(debugId)?.debugFile ?? module, debugId }
    }
    const named = this.#byName.get(nameKey(module))
    const [only] = named?.values() ?? []
    if (named === undefined || only === undefined) return { kind: 'unknown_module' }
    if (named.size > 1) return { kind: 'ambiguous_module' }
    return { kind: 'module', debugFile: only.debugFile, debugId: only.debugId }
  }
}

function nameKey(name: string): string {
  const file = name.split(/[\\/]/).at(-1) ?? name
  return file.toLowerCase().replace(/\.(?:dll|exe|pdb)$/, '')
}
