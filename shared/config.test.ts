import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'

describe('the configuration', () => {
  it('has safe defaults: production, and nobody may choose a crash id', () => {
    expect(readConfig({}, 'MAYDAY_ENV', 'SUBMITTER_TOKEN')).toEqual({ MAYDAY_ENV: 'production', SUBMITTER_TOKEN: '' })
  })

  it('refuses a value that it does not know instead of guessing', () => {
    expect(() => readConfig({ MAYDAY_ENV: 'Development' }, 'MAYDAY_ENV')).toThrow()
  })
})
