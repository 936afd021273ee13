import { readFileSync } from 'node:fs'
import { parse } from 'smol-toml'
import { z } from 'zod'

/** A stage's test project: its own wrangler.toml, and empty stand-ins for the Workers that it is bound to. */
export interface Pool {
  readonly configPath: string
  readonly miniflare: { readonly workers: StandIn[]; readonly queueConsumers: Record<string, LateConsumer> }
}

type StandIn = {
  name: string
  modules: { type: 'ESModule'; path: string; contents: string }[]
  compatibilityDate: string
}

type LateConsumer = { maxBatchSize: number; maxBatchTimeout: number }

const wranglerSchema = z.object({
  compatibility_date: z.string(),
  queues: z.object({ consumers: z.array(z.object({ queue: z.string() })).default([]) }).prefault({}),
  services: z.array(z.object({ service: z.string(), entrypoint: z.string().optional() })).default([]),
})

/** Stages whose tests run inside workerd. */
const STAGES = [
  'collector',
  'processor',
  'stackwalker',
  'symbols',
  'indexer',
  'symbolication',
  'search',
  'dashboard',
  'scheduler',
  'gateway',
]

/**
 * The other Workers are not there in a single-Worker test, but workerd refuses a binding to nothing. A stand-in has the
 * entrypoint's name and none of its methods: a test gives the step under test its own port, or sees the call fail.
 */
function standIns(config: z.infer<typeof wranglerSchema>): StandIn[] {
  const entrypoints = new Map<string, string[]>()
  for (const { service, entrypoint } of config.services) {
    entrypoints.set(service, [...(entrypoints.get(service) ?? []), ...(entrypoint === undefined ? [] : [entrypoint])])
  }
  return [...entrypoints].map(([name, names]) => ({
    name,
    compatibilityDate: config.compatibility_date,
    modules: [
      {
        type: 'ESModule',
        path: 'stand-in.mjs',
        contents: [
          `import { WorkerEntrypoint } from 'cloudflare:workers'`,
          ...names.map((entrypoint) => `export class ${entrypoint} extends WorkerEntrypoint {}`),
          `export default { fetch: () => new Response('stand-in for ${name}', { status: 501 }) }`,
        ].join('\n'),
      },
    ],
  }))
}

/**
 * What a test sends to a queue of its own Worker is delivered as late as Miniflare allows: a delivery that begins just as a test file ends waits for
 * modules that nobody serves any more, and the run never ends (seen with a test of 1.07 s and a batch timeout of 1 s).
 */
function lateConsumers(config: z.infer<typeof wranglerSchema>): Record<string, LateConsumer> {
  return Object.fromEntries(
    config.queues.consumers.map(({ queue }) => [queue, { maxBatchSize: 100, maxBatchTimeout: 60 }]),
  )
}

export const pools: Readonly<Record<string, Pool>> = Object.fromEntries(
  STAGES.map((stage) => {
    const configPath = stage === 'gateway' ? './wrangler.toml' : `./workers/${stage}/wrangler.toml`
    const config = wranglerSchema.parse(parse(readFileSync(configPath, 'utf8')))
    return [stage, { configPath, miniflare: { workers: standIns(config), queueConsumers: lateConsumers(config) } }]
  }),
)
