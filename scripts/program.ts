import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { formatSeconds } from '../cli/step.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** The folder of package.json. */
export const ROOT = path.resolve(import.meta.dirname, '..')

/** How a program ended. */
export interface ProgramRun {
  readonly ok: boolean
  /** Both streams, for whoever counts or explains. */
  readonly output: string
  readonly tookMs: number
  /** It was silent for too long and was killed. */
  readonly hung: boolean
}

export interface ProgramOptions {
  readonly cwd?: string
  readonly environment?: NodeJS.ProcessEnv
  /** Shows the output as it comes; else it is only shown when the program fails. */
  readonly live?: boolean
  /** A program that prints nothing for so long is killed with what it started, and has hung. Without it: as long as it takes. */
  readonly silenceMs?: number
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
    // A group of its own, so that what it started ends with it.
    detached: options.silenceMs !== undefined,
  })
  const watch = options.silenceMs === undefined ? null : watchSilence(child, options.silenceMs)
  let output = ''
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    from.setEncoding('utf8').on('data', (text: string) => {
      output += text
      watch?.heard()
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
  const hung = watch?.end() === 'hung'
  if (hung) {
    const line = `${program}: killed, it had printed nothing for ${formatSeconds(options.silenceMs ?? 0)}\n`
    process.stdout.write(line)
    output += line
  }
  return { ok, output, tookMs: performance.now() - startedAt, hung }
}

/** Kills a child's process group when it says nothing for too long, and when this process is told to end. */
function watchSilence(child: ChildProcess, silenceMs: number): { heard(): void; end(): 'ended' | 'hung' } {
  let ended: 'ended' | 'hung' = 'ended'
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
  const interrupted = (signal: NodeJS.Signals) => {
    kill()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  const timer = setTimeout(() => {
    ended = 'hung'
    kill()
  }, silenceMs)
  for (const signal of SIGNALS) process.once(signal, interrupted)
  return {
    heard() {
      timer.refresh()
    },
    end() {
      clearTimeout(timer)
      for (const signal of SIGNALS) process.removeListener(signal, interrupted)
      return ended
    },
  }
}

/** Prints one step with a tick and its time, and the output of a failed one that was not live. */
export function printStep(name: string, run: ProgramRun, live = false): void {
  if (!run.ok && !live) console.log(run.output.trimEnd())
  console.log(`${run.ok ? '✓' : '✗'} ${name} (${formatSeconds(run.tookMs)})`)
}
