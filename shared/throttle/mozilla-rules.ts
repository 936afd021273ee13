import type { z } from 'zod'
import type { rulesetSchema } from './ruleset.ts'

const FIREFOX = { annotation: 'ProductName', op: 'equals', value: 'Firefox' }
/** What Windows versions before 10 report; the telemetry environment is JSON in a text. */
const OLD_WINDOWS = [
  { annotation: 'TelemetryEnvironment', json_path: 'system.os.name', op: 'equals', value: 'Windows_NT' },
  { annotation: 'TelemetryEnvironment', json_path: 'system.os.windowsBuildNumber', op: 'lte', value: 9600 },
]

/** The sixteen rules of Antenna for Mozilla's products, in its order (specs/collector.md 2). */
export const MOZILLA_RULES: z.input<typeof rulesetSchema>['rules'] = [
  {
    name: 'has_old_buildid',
    when: { annotation: 'BuildID', op: 'buildid_older_than_days', value: 730 },
    result: 'reject',
  },
  {
    name: 'has_hangid_and_browser',
    when: {
      all: [
        { annotation: 'HangID', op: 'present' },
        { annotation: 'ProcessType', default: 'browser', op: 'equals', value: 'browser' },
      ],
    },
    result: 'reject',
  },
  {
    name: 'infobar_is_true',
    when: {
      all: [
        FIREFOX,
        { annotation: 'SubmittedFromInfobar', op: 'equals', value: 'true' },
        { annotation: 'Version', op: 'matches', value: '^5[2-9]\\.' },
        { annotation: 'BuildID', op: 'lt', value: '20171226' },
      ],
    },
    result: 'reject',
  },
  {
    name: 'b2g',
    when: {
      all: [
        { annotation: 'ProductName', op: 'matches', value: '^(?i:b2g)$' },
        { not: { annotation: 'ProductName', op: 'in_products' } },
      ],
    },
    result: 'fake_accept',
  },
  {
    name: 'unsupported_product',
    when: { not: { annotation: 'ProductName', default: '', op: 'in_products' } },
    result: 'reject',
  },
  {
    name: 'unsupported_packagename',
    when: { not: { annotation: 'Android_PackageName', op: 'in_packages' } },
    result: 'reject',
  },
  { name: 'throttleable_0', when: { annotation: 'Throttleable', op: 'equals', value: '0' }, result: 'accept' },
  { name: 'has_comments', when: { annotation: 'Comments', op: 'present' }, result: 'accept' },
  { name: 'has_phc', when: { annotation: 'PHCKind', op: 'present' }, result: 'accept' },
  {
    name: 'is_background',
    when: { annotation: 'ProcessType', op: 'in', value: ['gpu', 'plugin', 'rdd', 'socket', 'utility'] },
    result: 'accept',
  },
  {
    name: 'is_shutdownkill',
    when: { annotation: 'ipc_channel_error', op: 'equals', value: 'ShutDownKill' },
    result: 'continue',
    percent: 10,
    otherwise: 'reject',
  },
  {
    name: 'is_firefox_esr_unsupported_windows',
    when: { all: [FIREFOX, { annotation: 'ReleaseChannel', op: 'equals', value: 'esr' }, ...OLD_WINDOWS] },
    result: 'continue',
    percent: 25,
    otherwise: 'reject',
  },
  {
    name: 'is_alpha_beta_esr',
    when: { annotation: 'ReleaseChannel', op: 'in', value: ['aurora', 'beta', 'esr'] },
    result: 'accept',
  },
  {
    name: 'is_nightly',
    when: { annotation: 'ReleaseChannel', op: 'starts_with', value: 'nightly' },
    result: 'accept',
  },
  {
    name: 'is_firefox_desktop',
    when: { all: [FIREFOX, { annotation: 'ReleaseChannel', op: 'equals', value: 'release' }] },
    result: 'accept',
    percent: 10,
    otherwise: 'reject',
  },
  { name: 'accept_everything', when: { all: [] }, result: 'accept' },
]
