import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CRASH_ANNOTATIONS } from '#shared/annotations.ts'
import { MALFORMED_REASONS, OUTCOMES, REFUSAL_REASONS, UNAVAILABLE_REASONS } from '#shared/collector-outcomes.ts'
import { variables } from '#shared/config.ts'
import { PROCESSED_KEYS } from '#shared/processed-keys.ts'
import { BUILT_IN_FIELDS } from '#shared/search/fields.ts'
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

  it('hold every outcome of a submission and every reason', () => {
    const page = pages['docs/reference/collector-outcomes.md'] ?? ''
    for (const [outcome, meaning] of Object.entries(OUTCOMES)) expect(page).toContain(`| \`${outcome}\` | ${meaning} |`)
    const reasons = { ...MALFORMED_REASONS, ...REFUSAL_REASONS, ...UNAVAILABLE_REASONS }
    for (const [reason, meaning] of Object.entries(reasons)) expect(page).toContain(`| \`${reason}\` | ${meaning} |`)
  })

  it('hold every other line that the collector logs', () => {
    const page = pages['docs/reference/collector-outcomes.md'] ?? ''
    const folder = new URL('../workers/collector/', import.meta.url)
    const sources = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    const logged = sources.flatMap((file) =>
      [...readFileSync(new URL(file, folder), 'utf8').matchAll(/\('collector', '(\w+)'/g)].map(
        ([, outcome]) => outcome,
      ),
    )
    const ofDocuments = ['throttle', 'products'].flatMap((name) =>
      ['late', 'unavailable', 'malformed'].map((trouble) => `${name}_${trouble}`),
    )
    expect(logged.length).toBeGreaterThan(5)
    for (const outcome of [...logged, ...ofDocuments]) expect(page).toContain(`| \`${outcome}\` | `)
  })

  it('say of every annotation and processed key who may see it', () => {
    const page = pages['docs/reference/data-dictionary.md'] ?? ''
    for (const { name, description } of CRASH_ANNOTATIONS)
      expect(page).toMatch(lineWith(`| \`${name}\` |`, description))
    for (const { key, description } of PROCESSED_KEYS)
      expect(page).toMatch(lineWith(`| \`${key}\` |`, description.replaceAll('|', '\\|')))
    expect(page).toMatch(lineWith('| `Comments` |', 'protected | `user_comments` | protected'))
    expect(page).toMatch(lineWith('| `AbortMessage` |', 'public, scrubbed | `abort_message` | public, scrubbed'))
    expect(page).toMatch(lineWith('| `os_name` |', 'public | `platform` |'))
    expect(page).toContain('- `json_dump.threads[].frames[].registers`')
  })

  it('say of every search field its operators, its source and where its name is from', () => {
    const page = pages['docs/reference/search-fields.md'] ?? ''
    for (const { name, source, permission } of BUILT_IN_FIELDS.fields)
      expect(page).toMatch(lineWith(`| \`${name}\` |`, `| \`${source}\` | ${permission} |`))
    expect(page).toMatch(lineWith('| `uptime` | int |', 'none `>=` `<=` `>` `<` `__null__`'))
    const countOf = (origin: string) => page.split('\n').filter((line) => line.includes(` | ${origin} | `)).length
    expect(countOf('documented') + countOf('derived')).toBe(156)
    expect(countOf('documented')).toBe(69)
  })
})

/** Matches a line that starts with the one text and holds the other. */
function lineWith(start: string, part: string): RegExp {
  return new RegExp(`^${literal(start)}.*${literal(part)}`, 'm')
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
