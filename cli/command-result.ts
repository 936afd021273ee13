/** How a command ended. `failed`: the world said no (exit code 1). `usage`: the command line said something wrong (exit code 2). */
export type CommandResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'usage'; readonly message: string }

/** Where a command speaks. Standard output holds only what a script wants to read; all else goes to standard error. */
export interface Terminal {
  /** One line on standard output. */
  out(line: string): void
  /** One line on standard error. */
  err(line: string): void
  /** Whether standard error is a terminal that understands carriage returns. */
  readonly interactive: boolean
}

export const DONE: CommandResult = { kind: 'done' }
export const failed = (message: string): CommandResult => ({ kind: 'failed', message })
export const usage = (message: string): CommandResult => ({ kind: 'usage', message })

/** The exit code that a script sees. */
export function exitCode(result: CommandResult): 0 | 1 | 2 {
  switch (result.kind) {
    case 'done':
      return 0
    case 'failed':
      return 1
    case 'usage':
      return 2
  }
}
