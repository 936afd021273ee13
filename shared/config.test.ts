import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'

describe('the configuration', () => {
  it('has safe defaults: production, and nobody may choose a crash id', () => {
    expect(readConfig({}, 'MAYDAY_ENV', 'SUBMITTER_TOKEN')).toEqual({ MAYDAY_ENV: 'production', SUBMITTER_TOKEN: '' })
  })

  it.each([
    ['VIEW_URL_BASE', 'https://crashes.example.com', true],
    ['VIEW_URL_BASE', 'http://localhost:8787/', true],
    ['VIEW_URL_BASE', 'https://crashes.example.com/mayday', false],
    ['VIEW_URL_BASE', 'crashes.example.com', false],
    ['VIEW_URL_SECRET', 'a'.repeat(32), true],
    ['VIEW_URL_SECRET', 'a'.repeat(31), false],
  ] as const)('%s may be %s: %s', (name, value, may) => {
    const read = () => readConfig({ [name]: value }, name)
    if (may) expect(read()).toEqual({ [name]: value })
    else expect(read).toThrow()
  })

  it('refuses a value that it does not know instead of guessing', () => {
    expect(() => readConfig({ MAYDAY_ENV: 'Development' }, 'MAYDAY_ENV')).toThrow()
  })
})
