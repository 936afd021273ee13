/** A list of a page as it is copied: the same rows as Markdown for a bug and as JSON for a program. */
export interface CopiedList {
  readonly caption: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number | boolean | null)[])[]
}

/** A Markdown table. Cells are texts of strangers: what Markdown would read in them is escaped, and a line stays a line. */
export function markdownList({ caption, columns, rows }: CopiedList): string {
  const line = (cells: readonly unknown[]) => `| ${cells.map(markdownCell).join(' | ')} |`
  return [
    `${markdownCell(caption)}`,
    '',
    line(columns),
    `|${' --- |'.repeat(columns.length)}`,
    ...rows.map(line),
    '',
  ].join('\n')
}

function markdownCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  return String(value)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_[\]<>|#~]/g, '\\$&')
}

/** The rows as objects, keyed by column. */
export function jsonList({ caption, columns, rows }: CopiedList): string {
  const objects = rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null])))
  return `${JSON.stringify({ caption, rows: objects }, null, 2)}\n`
}
