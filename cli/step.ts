import type { Terminal } from './command-result.ts'

/** How one step of a long command ended. `warned`: it goes on, with less. */
export type StepResult<T> =
  | { readonly kind: 'ok'; readonly value: T; readonly note?: string }
  | { readonly kind: 'warned'; readonly value: T; readonly note: string }
  | { readonly kind: 'failed'; readonly message: string }

/** Runs steps one after the other and prints each with a tick and how long it took. */
export interface Steps {
  run<T>(name: string, work: () => Promise<StepResult<T>>): Promise<StepResult<T>>
}

/** Steps that print a line when they end. */
export function printedSteps(terminal: Terminal): Steps {
  return {
    async run(name, work) {
      const startedAt = performance.now()
      const result = await work()
      terminal.out(stepLine(name, result, performance.now() - startedAt))
      return result
    },
  }
}

function stepLine(name: string, result: StepResult<unknown>, tookMs: number): string {
  const time = formatSeconds(tookMs)
  switch (result.kind) {
    case 'ok':
      return `✓ ${name}${result.note === undefined ? '' : `: ${result.note}`} (${time})`
    case 'warned':
      return `! ${name}: ${result.note} (${time})`
    case 'failed':
      return `✗ ${name} (${time})`
  }
}

/** A time for people: `0.4 s`, `12 s`, `2 min 5 s`. */
export function formatSeconds(ms: number): string {
  const seconds = ms / 1_000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}
