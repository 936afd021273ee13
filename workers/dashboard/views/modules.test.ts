import { describe, expect, it } from 'vitest'
import { modulesOf, unloadedModulesOf } from './modules.ts'

const rows = (...modules: readonly unknown[]) => modulesOf({ json_dump: { modules } }).rows

describe('modulesOf', () => {
  it('says what became of the symbols of each module', () => {
    expect(
      rows(
        { loaded_symbols: true },
        { missing_symbols: true },
        { corrupt_symbols: true, missing_symbols: true },
        {},
      ).map(({ symbols }) => symbols),
    ).toEqual(['loaded', 'missing', 'corrupt', 'not_needed'])
  })

  it('links only web addresses', () => {
    const urls = ['https://symbols.example/a', 'http://symbols.example/a', 'javascript:alert(1)', 'https://', 7, null]
    expect(rows(...urls.map((symbol_url) => ({ symbol_url }))).map(({ symbolUrl }) => symbolUrl)).toEqual([
      'https://symbols.example/a',
      'http://symbols.example/a',
      null,
      null,
      null,
      null,
    ])
  })

  it('cuts a list of 5,000 and counts the rest', () => {
    const list = modulesOf({ json_dump: { modules: Array.from({ length: 5_000 }, () => ({})) } })
    expect([list.rows.length, list.notShown]).toEqual([2_000, 3_000])
  })

  it('renders any type in any place', () => {
    for (const modules of [
      undefined,
      null,
      'x',
      {},
      [null, 1, 'x', [], { filename: {}, debug_id: [], base_addr: 5 }],
    ]) {
      expect(() => [
        modulesOf({ json_dump: { modules } }),
        unloadedModulesOf({ json_dump: { unloaded_modules: modules } }),
      ]).not.toThrow()
    }
  })
})
