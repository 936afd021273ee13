import { type SignatureDiff, SignaturePairs, type SignatureShare } from '#shared/signature/diff.ts'
import { generateSignature } from '#shared/signature/generate.ts'
import { type CommandResult, DONE, failed, type Terminal, usage } from './command-result.ts'
import { errorCode } from './error-code.ts'
import { inputLines } from './signature-input.ts'
import { readListFolder } from './signature-lists.ts'

export interface DiffOptions {
  readonly lists: readonly string[]
  readonly input: string
  readonly json?: true
}

/** `mayday signature diff`: signs every crash with two folders of lists and says what the change does. */
export async function diffCommand({ lists, input, json }: DiffOptions, terminal: Terminal): Promise<CommandResult> {
  const [oldFolder, newFolder] = lists
  if (oldFolder === undefined || newFolder === undefined || lists.length > 2)
    return usage('--lists takes two folders: the lists as they are and as they would be.')
  const before = readListFolder(oldFolder)
  if (before.kind === 'bad') return failed(before.message)
  const after = readListFolder(newFolder)
  if (after.kind === 'bad') return failed(after.message)

  const pairs = new SignaturePairs()
  let badLines = 0
  try {
    for await (const line of inputLines(input)) {
      if (line.kind === 'bad') {
        badLines += 1
        terminal.err(line.message)
        continue
      }
      const { crash, crashData } = line
      pairs.add({
        crash,
        before: generateSignature(crashData, before.lists).signature,
        after: generateSignature(crashData, after.lists).signature,
      })
    }
  } catch (thrown) {
    return failed(`Cannot read ${input} (${errorCode(thrown)}).`)
  }
  const diff = pairs.diff()
  if (json === true) terminal.out(JSON.stringify(diff))
  else for (const line of diffText(diff)) terminal.out(line)
  return badLines === 0 ? DONE : failed(`${badLines} lines could not be signed.`)
}

/** The change in words, most crashes first. */
function diffText(diff: SignatureDiff): readonly string[] {
  const { crashes, changed, unchanged, merged, split, renamed } = diff
  return [
    `${count(crashes, 'crash', 'crashes')}, ${changed} with another signature`,
    `unchanged: ${count(unchanged.signatures, 'signature', 'signatures')}, ${count(unchanged.crashes, 'crash', 'crashes')}`,
    `merged: ${merged.length}`,
    ...merged.flatMap(({ to, crashes: all, from }) => [`  ${all}  ${to}`, ...from.flatMap(shareText('from'))]),
    `split: ${split.length}`,
    ...split.flatMap(({ from, crashes: all, to }) => [`  ${all}  ${from}`, ...to.flatMap(shareText('to'))]),
    `renamed: ${renamed.length}`,
    ...renamed.flatMap(({ from, to, crashes: all, examples }) => [
      `  ${all}  ${from}`,
      `      to ${to} (${examples.join(', ')})`,
    ]),
  ]
}

const shareText = (side: 'from' | 'to') => (share: SignatureShare) => [
  `      ${side} ${share.crashes}  ${share.signature} (${share.examples.join(', ')})`,
]

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
