import { R2_CONCURRENCY } from '#shared/limits.ts'

/** The questions to R2 that one request has open at once: Workers open no more than six connections, and what waits for one holds memory. */
export class Connections {
  #free = R2_CONCURRENCY
  readonly #waiting: (() => void)[] = []

  /** Does the work when a connection is free, in the order of the calls. Throws what the work throws. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}

/** The results of the work on each item, in order, R2_CONCURRENCY items at a time. Throws what the work throws, once what was begun has ended. */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  work: (item: Item, at: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results = new Map<number, Result>()
  const waiting = items.entries()
  const worker = async () => {
    for (const [at, item] of waiting) results.set(at, await work(item, at))
  }
  const settled = await Promise.allSettled(Array.from({ length: R2_CONCURRENCY }, worker))
  for (const end of settled) if (end.status === 'rejected') throw end.reason
  return [...results].toSorted(([left], [right]) => left - right).map(([, result]) => result)
}
