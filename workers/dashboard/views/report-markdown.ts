import { MARKDOWN_FRAMES } from '#shared/limits.ts'
import type { Source } from '#shared/source-links/source-links.ts'
import { causeOf } from './cause.ts'
import { crashBadges, crashFacts, type Fact } from './facts.ts'
import { crashingThread, type FrameOptions, type FrameRow, type Thread } from './frames.ts'
import { javaExceptions } from './java-exception.ts'
import { asText, grouped } from './json-value.ts'

type Json = Readonly<Record<string, unknown>>

/** Facts that a bug needs; the others are behind the link. */
const FACTS: ReadonlySet<string> = new Set([
  'Reason',
  'Address',
  'Crash reason',
  'Abort message',
  'Assertion',
  'Product',
  'Version',
  'Channel',
  'Build',
  'Process type',
  'OS',
  'OS version',
  'Architecture',
  'Received',
  'Uptime',
])

/**
 * A report for a bug tracker or a chat, in Markdown: what crashed, the facts, the crashing thread. What a crash says stands escaped or fenced, so that
 * none of it becomes a heading, a link or a mention.
 */
export function reportMarkdown(crash: Json, address: string, options: FrameOptions): string {
  const facts = Object.values(crashFacts(crash)).flat()
  const cause = causeOf(crash)
  const thread = crashingThread(crash, options)
  const java = asText(crash.java_stack_trace) ?? exceptionsText(crash, options)
  const lines = [
    `# Crash in ${code(`[@ ${asText(crash.signature) ?? '(no signature)'} ]`)}`,
    '',
    `<${address}>`,
    '',
    ...facts.filter(({ name }) => FACTS.has(name)).map((fact) => `- ${fact.name}: ${factText(fact)}`),
    ...(cause.instruction === null ? [] : [`- Instruction: ${code(cause.instruction)}`]),
    ...cause.accesses.map(({ what, address: at }) => `- Memory access: ${code(`${what} at ${at}`)}`),
    ...crashBadges(crash).map(({ text }) => `- Note: ${code(text)}`),
    ...(thread === null ? [] : ['', ...threadMarkdown(thread)]),
    ...(thread !== null || java === null ? [] : ['', '## Java stack', '', ...fenced(java)]),
  ]
  return `${lines.join('\n')}\n`
}

function factText(fact: Fact): string {
  switch (fact.kind) {
    case 'time':
      return new Date(fact.atMs).toISOString()
    case 'text':
      return code(fact.text)
  }
}

/** A chain of Java exceptions as Java prints it, without the messages: those are protected, and a copy travels. */
function exceptionsText(crash: Json, { findSource }: FrameOptions): string | null {
  const lines = javaExceptions(crash, findSource).flatMap(({ class: name, frames }, at) => [
    at === 0 ? name : `Caused by: ${name}`,
    ...frames.slice(0, MARKDOWN_FRAMES).map((frame) => `    at ${frame.function}${sourceText(frame.source)}`),
  ])
  return lines.length === 0 ? null : lines.map(oneLine).join('\n')
}

function threadMarkdown(thread: Thread): readonly string[] {
  const shown = thread.rows.slice(0, MARKDOWN_FRAMES)
  const left = thread.rows.length - shown.length
  const name = thread.name === null ? '' : `, ${code(thread.name)}`
  return [
    `## Crashing thread (${thread.index}${name})`,
    '',
    ...fenced([...shown.map(rowText).map(oneLine), ...(left === 0 ? [] : [`… ${grouped(left)} more rows`])].join('\n')),
  ]
}

function rowText(row: FrameRow): string {
  if (row.kind === 'truncated') return `… ${row.text}`
  const source = sourceText(row.source)
  if (row.kind === 'inline') return `      inline  ${row.function}${source}`
  const trust = row.trust === null ? '' : `  (${row.trust.name})`
  return `${String(row.number).padStart(3)}  ${row.module ?? '?'}  ${row.function}${source}${trust}`
}

function sourceText(source: Source | null): string {
  return source === null ? '' : `  ${source.path}${source.line === null ? '' : `:${source.line}`}`
}

function oneLine(row: string): string {
  return row.replace(/[\n\r\t]+/g, ' ')
}

/** Inline code that its content cannot end. */
function code(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  const fence = '`'.repeat(longestTicks(line) + 1)
  return longestTicks(line) === 0 ? `\`${line}\`` : `${fence} ${line} ${fence}`
}

/** A code block that its content cannot end. */
function fenced(text: string): readonly string[] {
  const fence = '`'.repeat(Math.max(3, longestTicks(text) + 1))
  return [fence, text, fence]
}

function longestTicks(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
}
