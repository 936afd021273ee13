/** Another system (R2, D1, a queue, a Durable Object, the stackwalker) did not answer in its time. */
export class DeadlineExceeded extends Error {
  readonly what: string
  readonly deadlineMs: number

  constructor(what: string, deadlineMs: number) {
    super(`${what} did not answer within ${deadlineMs} ms`)
    this.name = 'DeadlineExceeded'
    this.what = what
    this.deadlineMs = deadlineMs
  }
}

/**
 * Answers what `work` answers, or throws {@link DeadlineExceeded} after `deadlineMs`.
 * Bindings take no abort signal, so late work goes on unwatched: only give it work whose late effect is harmless
 * (an idempotent put, a read). Seen in production: a queue send that hung 57 s (workerd issue 6053).
 */
export function withDeadline<T>(what: string, deadlineMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new DeadlineExceeded(what, deadlineMs)), deadlineMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
