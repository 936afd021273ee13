import { describe, expect, it } from 'vitest'
import { MOZILLA_PRODUCTS } from '#shared/products/mozilla.ts'
import { parseProducts } from '#shared/products/products.ts'
import { processedCrash, products } from './rules-rig.ts'

describe('ModuleSignatureInfo and plain copies', () => {
  it('keep the names and dumps of odd objects of a JSON extra readable', () => {
    expect(processedCrash({ ModuleSignatureInfo: { 'Some CA': ['a.dll'] } }).processed.success).toBe(true)
    expect(processedCrash({ ModuleSignatureInfo: 'text' }).notes.join()).not.toContain('failed')
  })

  it.each([
    ['{"exception":{"values":[{"stacktrace":{"type":"E","value":"secret","extra":1}}]}}', undefined],
    ['not json', 'JavaException value is malformed json'],
    ['[1]', 'JavaException value is malformed json'],
    ['{"exception":{"values":{}}}', 'JavaException value is malformed java_exception'],
    [`{"a":${'['.repeat(1_000)}${']'.repeat(1_000)}}`, 'JavaException value is malformed json'],
  ])('copy the Java exception %s', (json, note) => {
    const { processed, notes } = processedCrash({ JavaException: json })
    expect(processed.java_exception).toEqual(note === undefined ? JSON.parse(json) : undefined)
    expect(notes.filter((line) => line.startsWith('JavaException'))).toEqual(note === undefined ? [] : [note])
  })

  it('take the Java exception of a JSON extra as it is', () => {
    const exception = {
      exception: { values: [{ stacktrace: { type: 'E', module: 'a.b', frames: [{ function: 'f' }] } }] },
    }
    expect(processedCrash({ JavaException: exception }).processed).toMatchObject({
      java_exception: exception,
      signature: 'a.b.E: at f',
    })
  })
})

describe('Plugin', () => {
  it('copies what a plugin’s process says, empty where it says nothing', () => {
    expect(processedCrash({ ProcessType: 'plugin', PluginName: 'P', PluginVersion: '1' }).processed).toMatchObject({
      plugin_filename: '',
      plugin_name: 'P',
      plugin_version: '1',
    })
  })

  it('does not apply to other processes, and takes odd values for none', () => {
    expect(processedCrash({ ProcessType: 'content', PluginName: 'P' }).processed).not.toHaveProperty('plugin_name')
    expect(processedCrash({ ProcessType: 'plugin', PluginName: ['P'] }).processed.plugin_name).toBe('')
  })
})

describe('Accessibility', () => {
  it.each([
    ['Active', true],
    ['Inactive', false],
    [{ a: 'Active' }, false],
  ])('reads %j as %s', (value, expected) => {
    expect(processedCrash({ Accessibility: value }).processed.accessibility).toBe(expected)
  })

  it('is false without the annotation', () => {
    expect(processedCrash({}).processed.accessibility).toBe(false)
  })
})

describe('Addons', () => {
  it.each([
    ['a%40b.c:1.0,{d}:2', ['a@b.c:1.0', '{d}:2']],
    ['plain', ['plain:NO_VERSION']],
    ['with+space:1', ['with space:1']],
    ['%E2%82%AC:1', ['€:1']],
    ['%ff:1', ['\ufffd:1']],
    ['100%:1', ['100%:1']],
    ['', []],
  ])('reads %j', (sent, addons) => {
    expect(processedCrash({ 'Add-ons': sent }).processed.addons).toEqual(addons)
  })

  it.each([
    [{}, null],
    [{ EMCheckCompatibility: 'TRUE' }, true],
    [{ EMCheckCompatibility: true }, true],
    [{ EMCheckCompatibility: 'no' }, false],
  ])('reads whether versions were checked from %j', (annotations, checked) => {
    expect(processedCrash(annotations).processed).toMatchObject({ addons: [], addons_checked: checked })
  })
})

describe('UtilityActorsName', () => {
  it.each([
    ['audio-decoder, , js-oracle', ['audio-decoder', 'js-oracle']],
    [',', []],
    [{ a: 1 }, []],
  ])('reads %j', (sent, names) => {
    expect(processedCrash({ UtilityActorsName: sent }).processed.utility_actors_name).toEqual(names)
  })

  it('does not apply without the annotation', () => {
    expect(processedCrash({}).processed).not.toHaveProperty('utility_actors_name')
  })
})

describe('DistributionId', () => {
  it.each([
    [{ DistributionID: 'partner' }, 'partner'],
    [{ TelemetryEnvironment: '{"partner":{"distributionId":"x"}}' }, 'x'],
    [{ TelemetryEnvironment: { partner: { distributionId: 'x' } } }, 'x'],
    [{ TelemetryEnvironment: '{"partner":{"distributionId":null}}' }, 'mozilla'],
    [{ TelemetryEnvironment: '{"partner":{"distributionId":""}}' }, 'mozilla'],
    [{ TelemetryEnvironment: '{"partner":[]}' }, 'unknown'],
    [{ TelemetryEnvironment: '{' }, 'unknown'],
    [{}, 'unknown'],
  ])('reads %j as %s', (annotations, id) => {
    expect(processedCrash(annotations).processed.distribution_id).toBe(id)
  })
})

describe('rules of single products', () => {
  const run = (annotations: Record<string, string>, rules: Parameters<typeof products>[1] | null) =>
    processedCrash(annotations, undefined, rules === null ? {} : { products: products('WaterWolf', rules) })
  const nightly = { ProductName: 'WaterWolf', Version: 'Nightly 260101 06:00' }
  const esr = { ProductName: 'WaterWolf', Version: '128.3.0', ReleaseChannel: 'esr' }
  const beta = { ProductName: 'WaterWolf', Version: '140.0', ReleaseChannel: 'beta', BuildID: '20261101000000' }
  const betaRule = {
    rule: 'BetaVersion' as const,
    channels: ['beta'],
    versions: { beta: { '20261101000000': '140.0b3' } },
  }

  it('FenixVersionRewrite names every nightly build alike', () => {
    const { processed, notes } = run(nightly, [{ rule: 'FenixVersionRewrite' }])
    expect([processed.version, processed.major_version]).toEqual(['0.0a1', 0])
    expect(notes).toContain("Changed version from 'Nightly 260101 06:00' to '0.0a1'")
    expect(run({ ...nightly, Version: '140.0' }, [{ rule: 'FenixVersionRewrite' }]).processed.version).toBe('140.0')
    expect(run({ ProductName: 'WaterWolf' }, [{ rule: 'FenixVersionRewrite' }]).processed.success).toBe(true)
    expect(run(nightly, null).processed.version).toBe('Nightly 260101 06:00')
  })

  it('ESRVersionRewrite marks the version of the channel esr', () => {
    expect(run(esr, [{ rule: 'ESRVersionRewrite' }]).processed).toMatchObject({
      version: '128.3.0esr',
      major_version: 128,
    })
    expect(run({ ...esr, ReleaseChannel: 'release' }, [{ rule: 'ESRVersionRewrite' }]).processed.version).toBe(
      '128.3.0',
    )
    expect(run(esr, null).processed.version).toBe('128.3.0')
    const { Version, ...versionless } = esr
    expect(run(versionless, [{ rule: 'ESRVersionRewrite' }]).notes).toContain(
      '"Version" missing from esr release raw_crash',
    )
  })

  it('BetaVersion takes the version of the build', () => {
    expect(run(beta, [betaRule]).processed).toMatchObject({ version: '140.0b3', major_version: 140 })
    expect(run({ ...beta, ReleaseChannel: 'release' }, [betaRule]).processed.version).toBe('140.0')
    expect(run(beta, null).processed.version).toBe('140.0')
  })

  it.each(['20261102000000', '__proto__', 'constructor', ''])('BetaVersion marks the unknown build %j', (build) => {
    const { processed, notes } = run({ ...beta, BuildID: build }, [betaRule])
    expect(processed.version).toBe('140.0b0')
    expect(notes.join()).toContain('added "b0" suffix')
  })

  it('ThemePrettyName names the default theme', () => {
    const rule = { rule: 'ThemePrettyName' as const, addon_ids: ['{theme}'] }
    const sent = { ProductName: 'WaterWolf', 'Add-ons': '%7Btheme%7D:1.0,other:2' }
    expect(run(sent, [rule]).processed.addons).toEqual(['{theme} (default theme):1.0', 'other:2'])
    expect(run(sent, null).processed.addons).toEqual(['{theme}:1.0', 'other:2'])
    expect(run({ ProductName: 'WaterWolf', 'Add-ons': '' }, [rule]).processed.addons).toEqual([])
  })

  it('are Mozilla’s with its preset', () => {
    const sent = { ProductName: 'Firefox', Version: '128.3.0', ReleaseChannel: 'esr' }
    expect(processedCrash(sent, undefined, { products: MOZILLA_PRODUCTS }).processed.version).toBe('128.3.0esr')
    const fenix = { ProductName: 'Fenix', Version: 'Nightly 1' }
    expect(processedCrash(fenix, undefined, { products: MOZILLA_PRODUCTS }).processed.version).toBe('0.0a1')
  })
})

describe('parseProducts', () => {
  it.each([
    ['{', '(document)'],
    ['{"version":2,"products":[]}', 'version'],
    ['{"version":1,"products":[{"name":""}]}', 'products.0.name'],
    ['{"version":1,"products":[{"name":"a","rules":[{"rule":"Nope"}]}]}', 'products.0.rules.0.rule'],
    [
      '{"version":1,"products":[{"name":"a","rules":[{"rule":"BetaVersion","channels":[]}]}]}',
      'products.0.rules.0.channels',
    ],
    ['{"version":1,"products":[{"name":"a"},{"name":"a"}]}', 'products'],
    ['{"version":1,"products":[{"name":"a","colour":1}]}', 'products.0'],
  ])('names the place of the mistake in %s', (json, path) => {
    expect(parseProducts(json)).toMatchObject({ kind: 'malformed', path })
  })
})
