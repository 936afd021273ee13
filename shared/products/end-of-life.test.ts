import { describe, expect, it } from 'vitest'
import { endOfLifeVersion } from './end-of-life.ts'
import { productsSchema } from './products.ts'

const products = productsSchema.parse({
  version: 1,
  products: [
    { name: 'WaterWolf', end_of_life_versions: ['1.0', '2.0', 'evil\nCrashID=x'] },
    {
      name: 'Firefox',
      end_of_life_versions: ['115.9.1esr', '140.0', '140.0b3'],
      rules: [
        { rule: 'ESRVersionRewrite' },
        { rule: 'BetaVersion', channels: ['beta'], versions: { beta: { '20260101000000': '140.0b3' } } },
      ],
    },
  ],
})

describe('the end of life of a version', () => {
  it.each([
    [{ ProductName: 'WaterWolf', Version: '1.0' }, '1.0'],
    [{ ProductName: 'WaterWolf', Version: '1.0.1' }, null],
    [{ ProductName: 'waterwolf', Version: '1.0' }, null],
    [{ ProductName: 'Other', Version: '1.0' }, null],
    [{ ProductName: 'WaterWolf' }, null],
    [{ ProductName: 'WaterWolf', Version: 1 }, null],
    [{ ProductName: 'WaterWolf', Version: 'evil\nCrashID=x' }, null],
    [{ ProductName: 'WaterWolf', Version: '1.0', ReleaseChannel: 'esr' }, '1.0'],
    [{ ProductName: 'Firefox', Version: '115.9.1', ReleaseChannel: 'esr' }, '115.9.1'],
    [{ ProductName: 'Firefox', Version: '115.9.1', ReleaseChannel: 'release' }, null],
    [{ ProductName: 'Firefox', Version: '140.0', ReleaseChannel: 'esr' }, null],
    [{ ProductName: 'Firefox', Version: '140.0', ReleaseChannel: 'release' }, '140.0'],
    [{ ProductName: 'Firefox', Version: '140.0', ReleaseChannel: 'beta', BuildID: '20260101000000' }, null],
  ])('%j: %s', (annotations, version) => {
    expect(endOfLifeVersion(products, annotations)).toBe(version)
  })
})
