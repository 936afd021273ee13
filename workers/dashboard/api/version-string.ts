import { z } from 'zod'
import { API_CACHE_SECONDS, MAX_NAME_CHARS } from '#shared/limits.ts'
import { NO_PRODUCTS, productRule } from '#shared/products/products.ts'
import { answering, type Model } from './model.ts'

const name = (description: string, example: string) =>
  z
    .string()
    .max(MAX_NAME_CHARS, `at most ${MAX_NAME_CHARS} characters`)
    .meta({ description, examples: [example] })

/** Channels whose builds are several versions: betas, and the release candidate that is sent to the same people. */
const BETA_CHANNELS: ReadonlySet<string> = new Set(['beta', 'aurora'])

/** `GET /api/VersionString/?product=&channel=&build_id=`: the versions of a build, as crashes and the products document say. */
export const versionString: Model = {
  name: 'VersionString',
  about: 'The version of a build, such as 140.0b3 where the build itself only knows 140.0.',
  verbs: ['GET'],
  needs: null,
  cacheSeconds: API_CACHE_SECONDS,
  results: {
    'application/json': z.object({
      total: z.number().int(),
      hits: z.array(z.object({ version_string: z.string() })),
    }),
  },
  ...answering(
    {
      product: name('The product.', 'WaterWolf'),
      channel: name('The release channel, in any case.', 'beta'),
      build_id: name('The build id.', '20261101120000'),
    },
    async ({ product, channel, build_id }, _context, deps) => {
      const build = { product, channel: channel.toLowerCase(), buildId: build_id }
      const [products, seen] = await Promise.all([deps.products.current(), deps.productVersions.versionsOf(build)])
      const ruled = productRule(products ?? NO_PRODUCTS, product, 'BetaVersion')?.versions[build.channel]?.[build_id]
      const versions = [...new Set(ruled === undefined ? seen : [ruled, ...seen])]
      const hits = shownVersions(build.channel, versions).map((version_string) => ({ version_string }))
      return Response.json({ hits, total: hits.length })
    },
  ),
}

/**
 * Of a beta build its betas or its release candidates, whichever the first is: `140.0b9` and `140.0rc1` are one build (specs/webapp.md 2.2). Other
 * channels show all.
 */
export function shownVersions(channel: string, versions: readonly string[]): readonly string[] {
  const [first] = versions
  if (first === undefined || !BETA_CHANNELS.has(channel)) return versions
  const isBeta = first.includes('b')
  return versions.filter((version) => version.includes('rc') !== isBeta)
}
