import { createReadStream } from 'node:fs'
import { MAX_SIGNATURE_LINE_BYTES } from '#shared/limits.ts'
import { type CrashData, isObject, readCrashData } from '#shared/signature/crash-data.ts'
import { textLines } from '#shared/text-lines.ts'

/** One line of input: crash data and what the crash is called, or why it is none. */
export type InputLine =
  | { readonly kind: 'crash'; readonly crash: string; readonly crashData: CrashData }
  | { readonly kind: 'bad'; readonly message: string }

/** The crashes of a file (`-`: standard input), one JSON object a line. Throws where the file cannot be read. */
export async function* inputLines(file: string): AsyncGenerator<InputLine, void, void> {
  const chunks: AsyncIterable<Uint8Array> = file === '-' ? process.stdin : createReadStream(file)
  for await (const line of textLines(chunks, MAX_SIGNATURE_LINE_BYTES)) {
    yield line.kind === 'line'
      ? readLine(line.text, line.number)
      : { kind: 'bad', message: `line ${line.number}: more than ${MAX_SIGNATURE_LINE_BYTES} bytes` }
  }
}

function readLine(text: string, number: number): InputLine {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'bad', message: `line ${number}: not JSON` }
  }
  const crashData = readCrashData(value)
  if (crashData === null) return { kind: 'bad', message: `line ${number}: not an object of crash data` }
  const crashId = isObject(value) && typeof value.uuid === 'string' ? value.uuid : null
  return { kind: 'crash', crash: crashId ?? `line ${number}`, crashData }
}
