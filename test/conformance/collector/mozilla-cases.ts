/**
 * Rows C35 to C41 of the conformance table (specs/collector.md 4.2): what Mozilla's throttle rules answer. A row with a `clock` or a `draw` runs
 * where both are given (inside workerd); the others also over HTTP, against a target that has these rules.
 */

export interface MozillaCase {
  readonly id: string
  readonly what: string
  readonly annotations: Readonly<Record<string, string>>
  /** `accepted` with the rule that `metadata.throttle_rule` names, or the exact `Discarded` line. */
  readonly answer: { readonly accepted: string } | { readonly discarded: string } | 'fake_accepted'
  readonly clock?: string
  /** From 0 to 1, as the table has it. */
  readonly draw?: number
}

const discarded = (rule: string) => ({ discarded: `Discarded=rule_${rule}` })
const accepted = (rule: string) => ({ accepted: rule })
const release = { ProductName: 'Firefox', ReleaseChannel: 'release' }
const fenix = (Android_PackageName?: string) => ({
  ...{ ProductName: 'Fenix', ReleaseChannel: 'nightly' },
  ...(Android_PackageName !== undefined && { Android_PackageName }),
})
const oldWindows = {
  ...{ ProductName: 'Firefox', ReleaseChannel: 'esr' },
  TelemetryEnvironment: '{"system":{"os":{"name":"Windows_NT","windowsBuildNumber":9600}}}',
}
const build = (BuildID: string) => ({ ProductName: 'Firefox', ReleaseChannel: 'nightly', BuildID })
const CLOCK = '2020-05-27T12:00:00Z'

export const mozillaCases: readonly MozillaCase[] = [
  {
    id: 'C35',
    what: 'an unknown product',
    annotations: { ProductName: 'testproduct' },
    answer: discarded('unsupported_product'),
  },
  {
    id: 'C35',
    what: 'a product in lower case',
    annotations: { ProductName: 'firefox' },
    answer: discarded('unsupported_product'),
  },
  { id: 'C35', what: 'no product', annotations: { Version: '1.0' }, answer: discarded('unsupported_product') },
  { id: 'C36', what: 'Fenix without package', annotations: fenix(), answer: discarded('unsupported_packagename') },
  {
    id: 'C36',
    what: 'Fenix with a wrong package',
    annotations: fenix('org.example.fork'),
    answer: discarded('unsupported_packagename'),
  },
  {
    id: 'C36',
    what: 'Fenix with its package',
    annotations: fenix('org.mozilla.fenix'),
    answer: accepted('is_nightly'),
  },
  {
    id: 'C37',
    what: 'HangID and no ProcessType',
    annotations: { ...fenix('org.mozilla.fenix'), HangID: 'x' },
    answer: discarded('has_hangid_and_browser'),
  },
  {
    id: 'C37',
    what: 'HangID and ProcessType content',
    annotations: { ...fenix('org.mozilla.fenix'), HangID: 'x', ProcessType: 'content' },
    answer: accepted('is_nightly'),
  },
  {
    id: 'C38',
    what: 'a build of 730 days ago',
    annotations: build('20180528000000'),
    clock: CLOCK,
    answer: discarded('has_old_buildid'),
  },
  {
    id: 'C38',
    what: 'a build of a day later',
    annotations: build('20180529000000'),
    clock: CLOCK,
    answer: accepted('is_nightly'),
  },
  {
    id: 'C38',
    what: 'a build id that is none',
    annotations: build('abc'),
    clock: CLOCK,
    answer: accepted('is_nightly'),
  },
  {
    id: 'C38',
    what: 'a build id that is a day only',
    annotations: build('20220404'),
    clock: CLOCK,
    answer: accepted('is_nightly'),
  },
  {
    id: 'C38',
    what: 'a build of 2018, now',
    annotations: build('20180528000000'),
    answer: discarded('has_old_buildid'),
  },
  {
    id: 'C39',
    what: 'Firefox release, drawn',
    annotations: release,
    draw: 0.09,
    answer: accepted('is_firefox_desktop'),
  },
  {
    id: 'C39',
    what: 'Firefox release, not drawn',
    annotations: release,
    draw: 0.9,
    answer: discarded('is_firefox_desktop'),
  },
  {
    id: 'C40',
    what: 'old Windows, not drawn',
    annotations: oldWindows,
    draw: 0.3,
    answer: discarded('is_firefox_esr_unsupported_windows'),
  },
  { id: 'C40', what: 'old Windows, drawn', annotations: oldWindows, draw: 0.2, answer: accepted('is_alpha_beta_esr') },
  {
    id: 'C41',
    what: 'Throttleable 0',
    annotations: { ...release, Throttleable: '0' },
    answer: accepted('throttleable_0'),
  },
  { id: 'C41', what: 'PHCKind', annotations: { ...release, PHCKind: '' }, answer: accepted('has_phc') },
  {
    id: 'C41',
    what: 'ProcessType gpu',
    annotations: { ...release, ProcessType: 'gpu' },
    answer: accepted('is_background'),
  },
  {
    id: 'P2',
    what: 'TelemetryEnvironment that is no object',
    annotations: { ...oldWindows, TelemetryEnvironment: '"[]"' },
    answer: accepted('is_alpha_beta_esr'),
  },
  { id: 'b2g', what: 'an accept for show', annotations: { ProductName: 'b2g' }, answer: 'fake_accepted' },
]
