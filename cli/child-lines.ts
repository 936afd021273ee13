import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Calls `each` with every line that a child writes to either stream. */
export function onChildLines(child: ChildProcess, each: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', each)
  }
}

/** Resolves when the child has ended, with its exit code (null when a signal ended it, or it never started). */
export function childEnd(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code))
    child.once('error', () => resolve(null))
  })
}
