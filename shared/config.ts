import { z } from 'zod'
import { RULESET_NAMES } from './throttle/ruleset-names.ts'

/**
 * Every variable of the product, in one place: name, form, default and what it does.
 * `docs/reference/variables.md` is generated from it; a Worker reads the ones that it picks with {@link readConfig}.
 */
export const variables = {
  MAYDAY_ENV: z
    .enum(['development', 'production'])
    .default('production')
    .describe('`development` (set by `mayday start`) offers the loopback sign-in. Anything else never does.'),
  MAYDAY_VERSION: z.string().default('unreleased').describe('What `/__version__` answers; set by the deploy.'),
  RATE_LIMITS: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .describe(
      'Requests a minute and address: 100 to the API (1,000 with a token), 10 search pages (100 signed in). `auto`: in production only.',
    ),
  STACKWALKER_URL: z
    .string()
    .default('')
    .describe('Where a stackwalker service listens. Empty: the Cloudflare Container that the stackwalker Worker owns.'),
  PRESET: z
    .enum(['none', 'mozilla'])
    .default('none')
    .describe(
      '`mozilla`: crashes are processed to the letter as by Socorro: free text is not scrubbed of user names, addresses and secrets, and Mozilla’s products have their own rules.',
    ),
  RULESET: z
    .enum(RULESET_NAMES)
    .default('accept-everything')
    .describe(
      'The built-in throttle rules that the collector has while there is no `throttle.json` in R2 CONFIG. In development `--ruleset` sets it.',
    ),
  SEARCH_SHARDS_PER_WEEK: z.coerce
    .number()
    .int()
    .min(1)
    .max(16)
    .default(1)
    .describe(
      'Into how many Durable Objects the crashes of one week are split, for more than 400,000 a week. May be changed at any time: it holds for weeks whose first crash comes after; a week keeps what it began with.',
    ),
  OVERSIZE: z
    .enum(['refuse', 'annotations'])
    .default('refuse')
    .describe(
      'A report above 25 MiB on the wire or 50 MiB inflated. `refuse`: 413. `annotations`: its crash annotations are kept without its dumps, with a note.',
    ),
  SUBMITTER_TOKEN: z
    .string()
    .default('')
    .describe('Bearer token of a re-submitter that may choose the crash id (annotation `uuid`). Empty: nobody may.'),
  SYMBOL_URL_BASE: z
    .string()
    .regex(/^(?:https?:\/\/[^/]+)?$/)
    .default('')
    .describe(
      'Origin of the symbol server in `url` of `/api/syminfo/`, such as `https://symbols.example.com`. Empty: the origin that was asked.',
    ),
  UPLOAD_BY_URL_HOSTS: z
    .string()
    .default('')
    .describe(
      'Hosts that an upload by URL may fetch from over https, such as `builds.example.com,ci.example.com`. In development `http://127.0.0.1:PORT` counts too. Empty: none.',
    ),
  UPLOAD_QUOTA_BYTES_PER_PRODUCT: z.coerce
    .number()
    .int()
    .nonnegative()
    .default(0)
    .describe('Stored bytes of symbols that the tokens of one product may upload. 0: no bound.'),
  SYMBOL_ACCESS: z
    .enum(['public', 'private'])
    .default('public')
    .describe(
      'Who downloads symbols. `private`: only a token with `download_symbols`, in `/k/<download token>/…` or as `Auth-Token`.',
    ),
  CRASH_ACCESS: z
    .enum(['public', 'private'])
    .default('public')
    .describe(
      'Who sees the public part of crashes. `private`: pages only who is signed in, the API only a session or a token (of whatever permissions). Reporters, heartbeats, sign-in and `/crash/<crash id>?k=` stay open. Any other value: the dashboard is closed.',
    ),
  ACCESS_TEAM_DOMAIN: z
    .string()
    .regex(/^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+)?$/, 'a host name, such as example.cloudflareaccess.com')
    .default('')
    .describe(
      'The team domain of Cloudflare Access, which covers `/signin` and nothing else, such as `example.cloudflareaccess.com`. Empty: nobody signs in in production.',
    ),
  ACCESS_AUDIENCE: z
    .string()
    .regex(/^[0-9a-f]{0,128}$/, 'the Application Audience (AUD) tag, hexadecimal')
    .default('')
    .describe('The Application Audience (AUD) tag of that Access application. Empty: nobody signs in in production.'),
  VIEW_URL_BASE: z
    .string()
    .regex(/^(?:https?:\/\/[^/\s=?#]+\/?)?$/)
    .default('')
    .describe(
      'Origin of the dashboard as people reach it, such as `https://crashes.example.com`: answers to reporters then have a `ViewURL` there, the page of the crash for whoever sent it. Empty: none. Needs `VIEW_URL_SECRET`.',
    ),
  VIEW_URL_SECRET: z
    .string()
    .regex(/^(?:\S{32,})?$/, 'at least 32 characters')
    .default('')
    .describe(
      'What the secrets in `/crash/<crash id>?k=<secret>` are computed from, the same in collector and dashboard; at least 32 random characters. `mayday start` makes one. Empty: there are no such pages.',
    ),
  SYMBOL_DOWNLOAD_URL: z
    .string()
    .regex(/^(?:https?:\/\/.*[^/])?$/)
    .default('')
    .describe(
      'Public URL of the R2 bucket `mayday-symbols`, such as `https://symbols-r2.example.com`: downloads redirect there. Empty, or with private access: they stream.',
    ),
} as const

export type VariableName = keyof typeof variables
type Config<Name extends VariableName> = { readonly [N in Name]: z.output<(typeof variables)[N]> }

/**
 * Parses the named variables of an environment. A value of the wrong form throws and so stops the Worker's start:
 * a security setting is never guessed.
 */
export function readConfig<Name extends VariableName>(env: unknown, ...names: readonly Name[]): Config<Name> {
  const shape = Object.fromEntries(names.map((name) => [name, variables[name]]))
  return z.object(shape).parse(env) as Config<Name>
}
