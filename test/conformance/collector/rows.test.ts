import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const FOLDER = 'test/conformance/collector'
const readme = readFileSync(`${FOLDER}/README.md`, 'utf8')

/** A line of the README's first table. */
interface Line {
  readonly rows: readonly string[]
  readonly layer: string
  readonly files: readonly string[]
}

/** `C1, C5–C7` is C1, C5, C6, C7. */
function rowsOf(cell: string): string[] {
  return cell.split(',').flatMap((item) => {
    const [, letter = '', first, last] = /^\s*([CP])(\d+)(?:–[CP](\d+))?\s*$/.exec(item) ?? []
    if (first === undefined) return []
    const from = Number(first)
    return Array.from({ length: Number(last ?? first) - from + 1 }, (_, at) => `${letter}${from + at}`)
  })
}

const lines: readonly Line[] =
  (readme.split('| --- | --- | --- | --- |\n')[1] ?? '')
    .split('\n\n')[0]
    ?.split('\n')
    .map((line) => {
      const [, rows = '', , layer = '', files = ''] = line.split('|')
      return {
        rows: rowsOf(rows),
        layer: layer.trim(),
        files: [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
      }
    }) ?? []

const numbered = (letter: string, count: number) => Array.from({ length: count }, (_, at) => `${letter}${at + 1}`)

describe('the table of this suite', () => {
  it('has all 49 cases and all 12 defects of the peer, each once and with its layer', () => {
    const named = lines.flatMap(({ rows }) => rows)
    expect([...named].sort()).toEqual([...numbered('C', 49), ...numbered('P', 12)].sort())
    for (const { rows, layer, files } of lines)
      expect([rows, layer, files.length > 0]).toEqual([rows, expect.stringMatching(/\w/), true])
  })

  it.each(lines.flatMap(({ rows, files }) => rows.map((row) => ({ row, files }))))(
    '$row is named in each of its files',
    ({ row, files }) => {
      for (const file of files) {
        const source = readFileSync(file.includes('/') ? file : `${FOLDER}/${file}`, 'utf8')
        expect(source).toMatch(new RegExp(`['"(, ]${row}['"):,]`))
      }
    },
  )
})
