import { spawn } from 'node:child_process'
import path from 'node:path'
import { formatSeconds } from '../cli/step.ts'

/** The folder of package.json. */
export const ROOT = path.resolve(import.meta.dirname, '..')

/** How a program ended. */
export interface ProgramRun {
  readonly ok: boolean
  /** Both streams, for whoever counts or explains. */
  readonly output: string
  readonly tookMs: number
}

export interface ProgramOptions {
  readonly cwd?: string
  readonly environment?: NodeJS.ProcessEnv
  /** Shows the output as it comes; else it is only shown when the program fails. */
  readonly live?: boolean
}

/** Runs a program to its end. A program that cannot be started is a failed run. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramRun> {
  const startedAt = performance.now()
  const child = spawn(program, args, {
    cwd: options.cwd ?? ROOT,
    env: options.environment ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    from.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (options.live === true) to.write(text)
    })
  }
  const ok = await new Promise<boolean>((resolve) => {
    child.once('close', (code) => resolve(code === 0))
    child.once('error', (error) => {
      output += `${program}: ${error.message}\n`
      resolve(false)
    })
  })
  return { ok, output, tookMs: performance.now() - startedAt }
}

/** Prints one step with a tick and its time, and the output of a failed one that was not live. */
export function printStep(name: string, run: ProgramRun, live = false): void {
  if (!run.ok && !live) console.log(run.output.trimEnd())
  console.log(`${run.ok ? '✓' : '✗'} ${name} (${formatSeconds(run.tookMs)})`)
}
