import type { ReportModule, ReportRow, ReportThread, StackwalkReport } from './stackwalk-report.ts'

/** A walked dump and its signature. */
export interface SignedReport {
  readonly dump: string
  readonly report: StackwalkReport
  readonly signature: string
}

/** Which threads are printed. */
export type ShownThreads = 'crashing' | 'all'

/** A report for a terminal, without a line end. `symbolsAdvice` says what to do about modules without symbols. */
export function stackwalkText(signed: SignedReport, shown: ShownThreads, symbolsAdvice: string): string {
  const { report } = signed
  const facts = factsOf(signed).map(([name, value]) => `${`${name}:`.padEnd(FACT_WIDTH)}${value}`)
  const threads = shownThreads(report, shown).map((thread) => threadText(thread, report))
  const missing = modulesWithoutSymbols(report, shown)
  return [
    facts.join('\n'),
    ...(threads.length === 0 ? [NO_THREAD] : threads),
    ...(missing.length === 0 ? [] : [`No symbols:\n${missing.map(moduleText).join('\n')}\n${symbolsAdvice}`]),
  ].join('\n\n')
}

/** The same as Markdown, for an issue or a page of a CI run. */
export function stackwalkMarkdown(signed: SignedReport, shown: ShownThreads, symbolsAdvice: string): string {
  const { report } = signed
  const facts = factsOf(signed).map(([name, value]) => `- ${name}: ${inlineCode(value)}`)
  const threads = shownThreads(report, shown).map((thread) => {
    const [heading = '', ...rows] = threadText(thread, report).split('\n')
    return `**${escaped(heading)}**\n\n${codeBlock(rows.join('\n'))}`
  })
  const missing = modulesWithoutSymbols(report, shown)
  const modules = missing.map((module) => `- ${inlineCode(moduleText(module).trim())}`)
  return [
    `### ${inlineCode(signed.signature)}`,
    facts.join('\n'),
    ...(threads.length === 0 ? [NO_THREAD] : threads),
    ...(missing.length === 0 ? [] : [`**No symbols**\n\n${modules.join('\n')}\n\n${escaped(symbolsAdvice)}`]),
  ].join('\n\n')
}

const FACT_WIDTH = 'Instruction: '.length
const NO_THREAD = 'The dump does not say which thread crashed; --threads all prints them all.'

function factsOf({ dump, report, signature }: SignedReport): readonly (readonly [name: string, value: string])[] {
  const facts: readonly (readonly [string, string | null])[] = [
    ['Dump', dump],
    ['Signature', signature],
    ['Reason', report.reason],
    ['Address', report.address],
    ['Assertion', report.assertion],
    ['Instruction', report.instruction],
    ['Program', report.program],
    ['System', report.system],
  ]
  return facts.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))
}

function shownThreads({ threads, crashingThread }: StackwalkReport, shown: ShownThreads): readonly ReportThread[] {
  const crashing = threads.filter(({ index }) => index === crashingThread)
  return shown === 'crashing' ? crashing : [...crashing, ...threads.filter(({ index }) => index !== crashingThread)]
}

function threadText({ index, name, frameCount, rows }: ReportThread, { crashingThread }: StackwalkReport): string {
  const heading = [
    `Thread ${index}`,
    name === null ? '' : ` (${name})`,
    index === crashingThread ? ', crashed' : '',
    `, ${frameCount} ${frameCount === 1 ? 'frame' : 'frames'}`,
  ].join('')
  return [heading, ...rows.map(rowText)].join('\n')
}

/** `  3  visit(Owner*, int) [null_chain] at src/null_chain.cpp:9 (cfi)`; inlined calls are indented further. */
function rowText(row: ReportRow): string {
  switch (row.kind) {
    case 'inline':
      return `${' '.repeat(8)}${row.function}${at(row.source)} (inline)`
    case 'left_out':
      return `  …  ${row.frames} frames left out`
    case 'frame': {
      const module = row.module === null || row.function.startsWith(`${row.module} + `) ? '' : ` [${row.module}]`
      const unloaded = row.unloaded.length === 0 ? '' : `, was ${row.unloaded.join(' or ')}`
      const notes = `${row.trust}${row.missingSymbols ? ', no symbols' : ''}${unloaded}`
      return `${String(row.number).padStart(4)}  ${row.function}${module}${at(row.source)} (${notes})`
    }
  }
}

function at(source: string | null): string {
  return source === null ? '' : ` at ${source}`
}

/** Modules of the shown frames that have no symbols, or corrupt ones. */
function modulesWithoutSymbols(report: StackwalkReport, shown: ShownThreads): readonly ReportModule[] {
  const rows = shownThreads(report, shown).flatMap((thread) => thread.rows)
  const named = new Set(rows.flatMap((row) => (row.kind === 'frame' && row.module !== null ? [row.module] : [])))
  return report.modules.filter(
    ({ name, symbols }) => named.has(name) && (symbols === 'missing' || symbols === 'corrupt'),
  )
}

function moduleText({ name, debugFile, debugId, symbols }: ReportModule): string {
  const file = debugFile === name ? '' : ` ${debugFile}`
  return `  ${name}${file} ${debugId}${symbols === 'corrupt' ? ' (corrupt sym file)' : ''}`
}

/** A fence is longer than any run of backticks within. */
function codeBlock(text: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1))
  return `${fence}text\n${text}\n${fence}`
}

function inlineCode(text: string): string {
  const fence = '`'.repeat(longestRun(text) + 1)
  // White space beside the fence is dropped again; without it a backtick at an end would belong to the fence.
  const edge = text.startsWith('`') || text.endsWith('`') ? ' ' : ''
  return `${fence}${edge}${text}${edge}${fence}`
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length))
}

function escaped(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|!&]/g, (char) => `\\${char}`)
}
