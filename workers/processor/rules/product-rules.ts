import { always, annotationJson, annotationText, integerOf, type Rule, record } from './rule.ts'

/** Rules about the product and its process (specs/processor.md 1.3, 19-23, 32 and 36). */

export const majorVersion: Rule = {
  name: 'MajorVersion',
  predicate: always,
  action(crash) {
    crash.processed.major_version = safeInteger(annotationText(crash, 'Version').split('.', 1)[0] ?? '') ?? 0
  },
}

export const processType: Rule = {
  name: 'ProcessType',
  predicate: always,
  action(crash) {
    const type = annotationText(crash, 'ProcessType') || 'parent'
    crash.processed.process_type = type === 'main' ? 'parent' : type
  },
}

/** A plugin's process says which plugin it ran. */
export const plugin: Rule = {
  name: 'Plugin',
  predicate: (crash) => annotationText(crash, 'ProcessType') === 'plugin',
  action(crash) {
    crash.processed.plugin_filename = annotationText(crash, 'PluginFilename')
    crash.processed.plugin_name = annotationText(crash, 'PluginName')
    crash.processed.plugin_version = annotationText(crash, 'PluginVersion')
  },
}

export const accessibility: Rule = {
  name: 'Accessibility',
  predicate: always,
  action(crash) {
    crash.processed.accessibility = annotationText(crash, 'Accessibility') === 'Active'
  },
}

/** `id:version,id:version`, each percent-encoded because an id may hold a comma. */
export const addons: Rule = {
  name: 'Addons',
  predicate: always,
  action(crash) {
    const checked = crash.annotations.EMCheckCompatibility
    crash.processed.addons_checked =
      checked === undefined ? null : annotationText(crash, 'EMCheckCompatibility').toLowerCase() === 'true'
    const sent = annotationText(crash, 'Add-ons')
    crash.processed.addons = sent === '' ? [] : sent.split(',').map(addon)
  },
}

function addon(encoded: string): string {
  return unquoted(encoded.includes(':') ? encoded : `${encoded}:NO_VERSION`)
}

/** As a form's value is decoded: `+` is a space, bytes that are no UTF-8 become U+FFFD, and a `%` that encodes nothing stays. */
function unquoted(text: string): string {
  return text.replaceAll('+', ' ').replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const bytes = run.slice(1).split('%')
    return new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(
      Uint8Array.from(bytes, (hex) => Number.parseInt(hex, 16)),
    )
  })
}

export const utilityActorsName: Rule = {
  name: 'UtilityActorsName',
  predicate: ({ annotations }) => annotations.UtilityActorsName !== undefined,
  action(crash) {
    const names = annotationText(crash, 'UtilityActorsName').split(',')
    crash.processed.utility_actors_name = names.map((name) => name.trim()).filter((name) => name !== '')
  },
}

/** Older clients say it in the telemetry environment only; there, no partner is the vendor's own build. */
export const distributionId: Rule = {
  name: 'DistributionId',
  predicate: always,
  action(crash) {
    if (crash.annotations.DistributionID !== undefined) {
      crash.processed.distribution_id = annotationText(crash, 'DistributionID')
      return
    }
    const id = record(record(annotationJson(crash, 'TelemetryEnvironment')).partner).distributionId
    if (id === null || id === '') crash.processed.distribution_id = 'mozilla'
    else crash.processed.distribution_id = typeof id === 'string' ? id : 'unknown'
  },
}

function safeInteger(text: string): number | null {
  const value = integerOf(text)
  return Number.isSafeInteger(value) ? value : null
}
