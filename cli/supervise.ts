import { spawn } from 'node:child_process'
import { groupMembers, stopGroup } from './processes.ts'

/**
 * Runs a program so that it never outlives `mayday start`: `node cli/supervise.ts PROGRAM [ARGUMENT]…`.
 *
 * wrangler starts workerd and esbuild and leaves them behind when its parent is SIGKILLed. This process leads their process
 * group and holds the read end of a pipe that only `mayday start` writes to. However that one ends, the kernel closes the
 * pipe, and the whole group goes.
 */
const [program, ...programArguments] = process.argv.slice(2)
if (program === undefined) throw new Error('usage: node cli/supervise.ts PROGRAM [ARGUMENT]…')

const child = spawn(program, programArguments, { stdio: ['ignore', 'inherit', 'inherit'] })
let ending = false

async function end(code: number): Promise<void> {
  if (ending) return
  ending = true
  // This process is a member of its own group: it must live through the SIGTERM, and is the last to go.
  await stopOthers()
  process.exit(code)
}

async function stopOthers(): Promise<void> {
  if (groupMembers(process.pid).every((member) => member.pid === process.pid)) return
  await Promise.race([stopGroup(process.pid), othersGone()])
}

async function othersGone(): Promise<void> {
  while (groupMembers(process.pid).some((member) => member.pid !== process.pid)) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end(0))
// A broken standard output means that the reader is gone as well.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => void end(1))
process.stdin.on('end', () => void end(0))
process.stdin.on('error', () => void end(0))
process.stdin.resume()
child.on('error', (error) => {
  console.error(`cannot run ${program}: ${error.message}`)
  void end(1)
})
child.on('exit', (code) => void end(code ?? 1))
