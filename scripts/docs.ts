import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { referencePages } from './reference-pages.ts'

/**
 * Writes the generated pages under docs/reference/. With `--check` it writes nothing and fails when a page is not what the code
 * says now.
 */
const ROOT = path.resolve(import.meta.dirname, '..')
const check = process.argv.includes('--check')

const stale = Object.entries(referencePages()).filter(([file, text]) => {
  const absolute = path.join(ROOT, file)
  return !existsSync(absolute) || readFileSync(absolute, 'utf8') !== text
})
for (const [file, text] of stale) {
  if (!check) {
    mkdirSync(path.dirname(path.join(ROOT, file)), { recursive: true })
    writeFileSync(path.join(ROOT, file), text)
  }
  console.log(check ? `${file} is stale: run \`node scripts/docs.ts\`` : `wrote ${file}`)
}
if (check && stale.length > 0) process.exitCode = 1
