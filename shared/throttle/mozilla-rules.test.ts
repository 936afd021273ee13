import { describe, expect, it } from 'vitest'
import type { Annotations } from '../raw-crash.ts'
import { MOZILLA } from './built-in-rulesets.ts'
import { throttle } from './throttle.ts'

const NOW = Date.UTC(2026, 10, 23)
/** Decides by the built-in rules with these draws in turn; more draws than that are a mistake. */
function decide(annotations: Annotations, ...draws: number[]): string {
  const draw = () => {
    const drawn = draws.shift()
    if (drawn === undefined) throw new Error('one draw too many')
    return drawn
  }
  const { kind, rule } = throttle(annotations, MOZILLA, () => NOW, draw)
  return `${kind} ${rule}`
}

const VPN = { ProductName: 'MozillaVPN' }
const FIREFOX = { ProductName: 'Firefox' }
const windows = (build: unknown, name = 'Windows_NT') => ({
  ...{ ...FIREFOX, ReleaseChannel: 'esr' },
  TelemetryEnvironment: JSON.stringify({ system: { os: { name, windowsBuildNumber: build } } }),
})
const infobar = { ...FIREFOX, SubmittedFromInfobar: 'true', Version: '55.0', BuildID: '20171225' }
const ALL = 'accept accept_everything'

/** Of each rule: reports it applies to, reports it does not, and the edges between. */
const ROWS: readonly (readonly [rule: string, annotations: Annotations, draws: readonly number[], expected: string])[] =
  [
    ['1', { ...VPN, BuildID: '20241122000000' }, [], 'reject has_old_buildid'],
    ['1 edge: 730 days ago to the second', { ...VPN, BuildID: '20241123000000' }, [], ALL],
    ['1 not', { ...VPN, BuildID: '20261122000000' }, [], ALL],
    ['1 not a date', { ...VPN, BuildID: '20241350000000' }, [], ALL],
    ['2', { ...VPN, HangID: 'x' }, [], 'reject has_hangid_and_browser'],
    ['2 said', { ...VPN, HangID: '', ProcessType: 'browser' }, [], 'reject has_hangid_and_browser'],
    ['2 not', { ...VPN, HangID: 'x', ProcessType: 'content' }, [], ALL],
    ['3', infobar, [], 'reject infobar_is_true'],
    ['3 edge: 52', { ...infobar, Version: '52.0' }, [], 'reject infobar_is_true'],
    ['3 edge: 59', { ...infobar, Version: '59.9' }, [], 'reject infobar_is_true'],
    ['3 edge: 51', { ...infobar, Version: '51.0' }, [], ALL],
    ['3 edge: 60', { ...infobar, Version: '60.0' }, [], ALL],
    ['3 edge: 520', { ...infobar, Version: '520' }, [], ALL],
    ['3 edge: the day', { ...infobar, BuildID: '20171226' }, [], ALL],
    ['3 not from the infobar', { ...infobar, SubmittedFromInfobar: 'false' }, [], ALL],
    ['3 another product', { ...infobar, ProductName: 'Thunderbird' }, [], ALL],
    ['4', { ProductName: 'b2g' }, [], 'fake_accept b2g'],
    ['4 in capitals', { ProductName: 'B2G' }, [], 'fake_accept b2g'],
    ['4 not', { ProductName: 'b2gx' }, [], 'reject unsupported_product'],
    ['5', { ProductName: 'testproduct' }, [], 'reject unsupported_product'],
    ['5 case', { ProductName: 'firefox' }, [], 'reject unsupported_product'],
    ['5 missing', {}, [], 'reject unsupported_product'],
    ['5 null', { ProductName: null }, [], 'reject unsupported_product'],
    ['6', { ProductName: 'Fenix' }, [], 'reject unsupported_packagename'],
    [
      '6 another',
      { ProductName: 'Focus', Android_PackageName: 'org.mozilla.fenix' },
      [],
      'reject unsupported_packagename',
    ],
    ['6 not', { ProductName: 'Fenix', Android_PackageName: 'org.mozilla.fenix' }, [], ALL],
    ['6 no list', { ...VPN, Android_PackageName: 'com.example' }, [], ALL],
    ['7', { ...FIREFOX, ReleaseChannel: 'release', Throttleable: '0' }, [], 'accept throttleable_0'],
    ['7 as a number', { ...VPN, Throttleable: 0 }, [], 'accept throttleable_0'],
    ['7 not', { ...VPN, Throttleable: '1' }, [], ALL],
    ['8', { ...VPN, Comments: '' }, [], 'accept has_comments'],
    ['9', { ...VPN, PHCKind: '' }, [], 'accept has_phc'],
    ...['gpu', 'plugin', 'rdd', 'socket', 'utility'].map(
      (ProcessType) => ['10', { ...VPN, ProcessType }, [], 'accept is_background'] as const,
    ),
    ['10 not', { ...VPN, ProcessType: 'content' }, [], ALL],
    ['11 edge: 10', { ...VPN, ipc_channel_error: 'ShutDownKill' }, [10], ALL],
    ['11 edge: above 10', { ...VPN, ipc_channel_error: 'ShutDownKill' }, [10.01], 'reject is_shutdownkill'],
    ['11 not', { ...VPN, ipc_channel_error: 'shutdownkill' }, [], ALL],
    ['12 edge: 25', windows(9600), [25], 'accept is_alpha_beta_esr'],
    ['12 edge: above 25', windows(9600), [25.01], 'reject is_firefox_esr_unsupported_windows'],
    ['12 edge: 9601', windows(9601), [], 'accept is_alpha_beta_esr'],
    ['12 a text', windows('9600'), [], 'accept is_alpha_beta_esr'],
    ['12 another system', windows(9600, 'Linux'), [], 'accept is_alpha_beta_esr'],
    ['12 bad JSON', { ...windows(1), TelemetryEnvironment: '{' }, [], 'accept is_alpha_beta_esr'],
    ['12 P2', { ...windows(1), TelemetryEnvironment: '"[]"' }, [], 'accept is_alpha_beta_esr'],
    ['12 an object', { ...windows(1), TelemetryEnvironment: { system: {} } }, [], 'accept is_alpha_beta_esr'],
    ['12 another product', { ...windows(9600), ProductName: 'Thunderbird' }, [], 'accept is_alpha_beta_esr'],
    ...['aurora', 'beta', 'esr'].map(
      (ReleaseChannel) => ['13', { ...FIREFOX, ReleaseChannel }, [], 'accept is_alpha_beta_esr'] as const,
    ),
    ['13 not', { ...FIREFOX, ReleaseChannel: 'Beta' }, [], ALL],
    ['14', { ...FIREFOX, ReleaseChannel: 'nightly-try' }, [], 'accept is_nightly'],
    ['14 not', { ...FIREFOX, ReleaseChannel: 'a-nightly' }, [], ALL],
    ['15 edge: 10', { ...FIREFOX, ReleaseChannel: 'release' }, [10], 'accept is_firefox_desktop'],
    ['15 edge: above 10', { ...FIREFOX, ReleaseChannel: 'release' }, [10.01], 'reject is_firefox_desktop'],
    ['15 another product', { ProductName: 'Thunderbird', ReleaseChannel: 'release' }, [], ALL],
    ['16', VPN, [], ALL],
  ]

describe('the ruleset mozilla', () => {
  it('has the sixteen rules in their order', () => {
    expect(MOZILLA.rules.map(({ name }) => name)).toEqual([
      ...['has_old_buildid', 'has_hangid_and_browser', 'infobar_is_true', 'b2g', 'unsupported_product'],
      ...['unsupported_packagename', 'throttleable_0', 'has_comments', 'has_phc', 'is_background', 'is_shutdownkill'],
      ...['is_firefox_esr_unsupported_windows', 'is_alpha_beta_esr', 'is_nightly', 'is_firefox_desktop'],
      'accept_everything',
    ])
    expect(MOZILLA.duplicates).toBeNull()
  })

  it.each(ROWS)('rule %s: %j', (_rule, annotations, draws, expected) => {
    expect(decide(annotations, ...draws)).toBe(expected)
  })

  it('keeps the size of a population in its weights, within 5 %', () => {
    const seed = Number(process.env.MAYDAY_SEED ?? 1) >>> 0
    console.log(`population: MAYDAY_SEED=${seed}`)
    let state = seed
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    }
    const release = { ...FIREFOX, ReleaseChannel: 'release' }
    /** Kinds of report by their part of the population; of the third one in a hundred is kept. */
    const kinds: readonly (readonly [upTo: number, annotations: Annotations])[] = [
      [0.4, release],
      [0.5, windows(9600)],
      [0.55, { ...release, ipc_channel_error: 'ShutDownKill' }],
      [0.6, { ...VPN, ipc_channel_error: 'ShutDownKill' }],
      [0.7, { ...FIREFOX, ReleaseChannel: 'nightly' }],
      [1, VPN],
    ]
    // A standard error of 0.7 %: 5 % are seven of them.
    const sent = 200_000
    let kept = 0
    let weights = 0
    for (let at = 0; at < sent; at++) {
      const kind = random()
      const annotations = kinds.find(([upTo]) => kind < upTo)?.[1] ?? VPN
      const decision = throttle(
        annotations,
        MOZILLA,
        () => NOW,
        () => random() * 100,
      )
      if (decision.kind !== 'accept') continue
      kept++
      weights += decision.sampleWeight
    }
    expect(kept / sent).toBeLessThan(0.6)
    expect(Math.abs(weights / sent - 1)).toBeLessThan(0.05)
  })
})
