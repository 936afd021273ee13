import { asList, asRecord, asText, parseJson } from './json-value.ts'

/** One add-on of the product. */
export interface Extension {
  readonly id: string
  readonly version: string | null
  /** From the telemetry environment, which is protected; null for viewers without view_pii. */
  readonly name: string | null
  readonly state: string | null
}

/** Add-ons of one page. */
const MAX_SHOWN_EXTENSIONS = 500

/** The add-ons of a processed crash (`addons`, each `id:version`), with what the telemetry environment of the raw crash says of them. */
export function extensionsOf(
  crash: Readonly<Record<string, unknown>>,
  rawCrash: Readonly<Record<string, unknown>>,
): readonly Extension[] {
  const environment = asRecord(parseJson(String(rawCrash.TelemetryEnvironment ?? crash.telemetry_environment ?? '')))
  const known = asRecord(asRecord(environment.addons).activeAddons)
  return asList(crash.addons)
    .slice(0, MAX_SHOWN_EXTENSIONS)
    .flatMap((addon) => {
      const text = asText(addon)
      if (text === null) return []
      const colon = text.lastIndexOf(':')
      const id = colon > 0 ? text.slice(0, colon) : text
      const version = colon > 0 ? text.slice(colon + 1) : ''
      const about = asRecord(known[id.replace(/ \(default theme\)$/, '')])
      return [
        {
          id,
          version: version === '' || version === 'NO_VERSION' ? null : version,
          name: asText(about.name),
          state: stateOf(about),
        },
      ]
    })
}

function stateOf({ isSystem, userDisabled, signedState }: Readonly<Record<string, unknown>>): string | null {
  const parts = [
    isSystem === true ? 'system' : null,
    userDisabled === true ? 'disabled' : null,
    signedState === undefined || signedState === null ? null : `signed state ${asText(signedState) ?? ''}`,
  ].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.join(', ')
}
