import { describe, expect, it } from 'vitest'
import { variables } from '#shared/config.ts'
import { referencePages } from './reference-pages.ts'

describe('generated pages', () => {
  const pages = referencePages()

  it('list every variable with its description', () => {
    const page = pages['docs/reference/variables.md'] ?? ''
    for (const [name, schema] of Object.entries(variables)) {
      expect(page).toContain(`| \`${name}\` |`)
      expect(page).toContain(schema.description ?? 'a description is missing')
    }
  })

  it('hold the help of every command, whatever the width of the terminal', () => {
    const page = pages['docs/reference/commands.md'] ?? ''
    for (const name of ['start', 'doctor', 'token create', 'submit', 'upload-symbols'])
      expect(page).toContain(`## mayday ${name}\n`)
    expect(page).toContain('MAYDAY_TOKEN=$(npm run --silent mayday -- token create')
    const { COLUMNS } = process.env
    process.env.COLUMNS = '40'
    expect(referencePages()['docs/reference/commands.md']).toBe(page)
    process.env.COLUMNS = COLUMNS ?? ''
  })
})
