import { productRule } from '#shared/products/products.ts'
import { list, type Rule, textOrNull } from './rule.ts'

/** Rules of single products: each applies where the products document gives it to the product (specs/processor.md 1.3, 7, 8, 40 and 45). */

const NIGHTLY = 'Nightly '
const NIGHTLY_VERSION = '0.0a1'

/** Old nightly builds of the mobile browser call their version `Nightly 260101 06:00`. */
export const fenixVersionRewrite: Rule = {
  name: 'FenixVersionRewrite',
  predicate: ({ products, processed }) =>
    productRule(products, processed.product, 'FenixVersionRewrite') !== null &&
    textOrNull(processed.version)?.startsWith(NIGHTLY) === true,
  action({ processed, notes }) {
    notes.push(`Changed version from '${String(processed.version)}' to '${NIGHTLY_VERSION}'`)
    processed.version = NIGHTLY_VERSION
  },
}

/** The extended support release has the version numbers of the release: only the channel tells them apart. */
export const esrVersionRewrite: Rule = {
  name: 'ESRVersionRewrite',
  predicate: ({ products, processed }) =>
    processed.release_channel === 'esr' && productRule(products, processed.product, 'ESRVersionRewrite') !== null,
  action({ processed, notes }) {
    const version = textOrNull(processed.version) ?? ''
    if (version === '') notes.push('"Version" missing from esr release raw_crash')
    else processed.version = `${version}esr`
  },
}

/** Every beta of 140.0 says that it is 140.0: the build tells which one it is. */
export const betaVersion: Rule = {
  name: 'BetaVersion',
  predicate({ products, processed }) {
    const channels = productRule(products, processed.product, 'BetaVersion')?.channels ?? []
    return channels.some((channel) => channel === processed.release_channel)
  },
  action({ products, processed, notes }) {
    const versions = productRule(products, processed.product, 'BetaVersion')?.versions ?? {}
    const builds = lookup(versions, processed.release_channel)
    const version = builds === undefined ? undefined : lookup(builds, processed.build)
    if (version !== undefined) processed.version = version
    else {
      processed.version = `${textOrNull(processed.version) ?? ''}b0`
      notes.push(
        'release channel is beta or aurora but no version data was found - added "b0" suffix to version number',
      )
    }
  },
}

function lookup<Value>(table: Readonly<Record<string, Value>>, key: unknown): Value | undefined {
  return typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined
}

/** An add-on's id says nothing to a reader of the report, and nearly every report has this one. */
export const themePrettyName: Rule = {
  name: 'ThemePrettyName',
  predicate: ({ products, processed }) =>
    list(processed.addons).length > 0 && productRule(products, processed.product, 'ThemePrettyName') !== null,
  action({ products, processed }) {
    const ids = productRule(products, processed.product, 'ThemePrettyName')?.addon_ids ?? []
    processed.addons = list(processed.addons).map((addon) => {
      const id = ids.find((known) => textOrNull(addon)?.startsWith(`${known}:`) === true)
      return id === undefined ? addon : `${id} (default theme)${String(addon).slice(id.length)}`
    })
  },
}
