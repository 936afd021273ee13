import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'smol-toml'
import { z } from 'zod'
import { STAGES } from './repository.ts'

/** The parts of a wrangler configuration that name files; all else is copied as it is. */
const wranglerSchema = z.looseObject({
  name: z.string(),
  main: z.string(),
  tsconfig: z.string().optional(),
  vars: z.record(z.string(), z.unknown()).optional(),
  assets: z.looseObject({ directory: z.string().optional() }).optional(),
  d1_databases: z.array(z.looseObject({ migrations_dir: z.string().optional() })).optional(),
  containers: z.array(z.looseObject({ image: z.string() })).optional(),
})
type WranglerConfig = z.infer<typeof wranglerSchema>

/** A variable of the command line or of `mayday start` itself, by name. */
export type Vars = Readonly<Record<string, string>>

/**
 * The configurations of a development fleet, gateway first (wrangler gives the port to the first one): the wrangler.toml files
 * with absolute paths, so that they work from another folder, and `vars` in every Worker (wrangler's own `--var` reaches
 * only the first).
 */
export function fleetConfigs(root: string, vars: Vars): readonly WranglerConfig[] {
  const files = ['wrangler.toml', ...STAGES.map((stage) => `workers/${stage}/wrangler.toml`)]
  return files.map((file) => {
    const absolute = path.join(root, file)
    const config = wranglerSchema.parse(parse(readFileSync(absolute, 'utf8')))
    return withVars(withAbsolutePaths(config, path.dirname(absolute)), vars)
  })
}

function withVars(config: WranglerConfig, vars: Vars): WranglerConfig {
  return { ...config, vars: { ...config.vars, ...vars } }
}

function withAbsolutePaths(config: WranglerConfig, folder: string): WranglerConfig {
  const absolute = (file: string) => path.resolve(folder, file)
  return {
    ...config,
    main: absolute(config.main),
    ...(config.tsconfig !== undefined && { tsconfig: absolute(config.tsconfig) }),
    ...(config.assets?.directory !== undefined && {
      assets: { ...config.assets, directory: absolute(config.assets.directory) },
    }),
    ...(config.d1_databases !== undefined && {
      d1_databases: config.d1_databases.map((database) =>
        database.migrations_dir === undefined
          ? database
          : { ...database, migrations_dir: absolute(database.migrations_dir) },
      ),
    }),
    ...(config.containers !== undefined && {
      containers: config.containers.map((container) => ({ ...container, image: imageOf(container.image, absolute) })),
    }),
  }
}

/** An image is a Dockerfile's path or a registry's name; only the first is a file. */
function imageOf(image: string, absolute: (file: string) => string): string {
  return image.endsWith('Dockerfile') ? absolute(image) : image
}

/** Writes one JSON file a Worker into `folder` and answers their paths, gateway first. */
export function writeFleetConfigs(configs: readonly WranglerConfig[], folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true })
  return configs.map((config) => {
    const file = path.join(folder, `${config.name}.json`)
    // The variables may hold a secret (SUBMITTER_TOKEN).
    writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
    return file
  })
}
