import { describe, expect, it } from 'vitest'
import { systemRandomBytes } from '#shared/clock.ts'
import { createCrashId } from '#shared/crash-id.ts'
import { MAX_PROCESS_TRIES, PLATFORM_RETRY_WINDOW_MS, PROCESS_CONCURRENCY } from '#shared/limits.ts'
import type { CrashMessage } from '#shared/messages.ts'
import { type ConsumeDeps, type CrashDelivery, consumeCrashes } from './consume.ts'
import type { ProcessOutcome, ProcessRequest } from './process.ts'

const NOW_MS = Date.UTC(2026, 10, 23)

function message(changes: Partial<CrashMessage> = {}): CrashMessage {
  return { v: 1, crash_id: createCrashId(() => NOW_MS, systemRandomBytes), tries: 0, first_seen: NOW_MS, ...changes }
}

type Settled = { kind: 'acked' } | { kind: 'retried'; delaySeconds: number | undefined } | { kind: 'open' }

/** A delivery that remembers how it was settled. */
class Delivery implements CrashDelivery {
  settled: Settled = { kind: 'open' }
  readonly body: unknown
  readonly attempts: number

  constructor(body: unknown, attempts = 1) {
    this.body = body
    this.attempts = attempts
  }

  ack(): void {
    this.settled = { kind: 'acked' }
  }

  retry(options?: QueueRetryOptions): void {
    this.settled = { kind: 'retried', delaySeconds: options?.delaySeconds }
  }
}

class SentMessages {
  readonly sent: { message: CrashMessage; delaySeconds: number | undefined }[] = []
  isDown = false

  async send(message: CrashMessage, options?: { delaySeconds?: number }): Promise<void> {
    if (this.isDown) throw new Error('the queue is down')
    this.sent.push({ message, delaySeconds: options?.delaySeconds })
  }
}

function consumer(outcome: ProcessOutcome | ((request: ProcessRequest) => Promise<ProcessOutcome>), nowMs = NOW_MS) {
  const queue = new SentMessages()
  const deadQueue = new SentMessages()
  const requests: ProcessRequest[] = []
  const deps: ConsumeDeps = {
    processCrash: (request) => {
      requests.push(request)
      return typeof outcome === 'function' ? outcome(request) : Promise.resolve(outcome)
    },
    queue,
    deadQueue,
    isReprocessing: false,
    clock: () => nowMs,
    log: () => {},
  }
  return { queue, deadQueue, requests, deps }
}

describe('consumeCrashes', () => {
  it.each<ProcessOutcome>([{ kind: 'processed' }, { kind: 'gone' }])('acks a crash that is $kind', async (outcome) => {
    const { deps, queue, deadQueue } = consumer(outcome)
    const delivery = new Delivery(message())
    await consumeCrashes([delivery], deps)
    expect(delivery.settled).toEqual({ kind: 'acked' })
    expect([...queue.sent, ...deadQueue.sent]).toEqual([])
  })

  it.each([
    ['index_unavailable', 1, 30],
    ['index_unavailable', 2, 60],
    ['storage_unavailable', 5, 480],
    ['stackwalker_unavailable', 6, 600],
    ['stackwalker_unavailable', 99, 600],
    // A walk takes well under a second: a crash that met a full house need not wait half a minute.
    ['stackwalker_busy', 1, 2],
    ['stackwalker_busy', 2, 4],
    ['stackwalker_busy', 99, 600],
  ] as const)('retries %s with a growing delay: attempt %i, %i s', async (reason, attempts, delaySeconds) => {
    const { deps } = consumer({ kind: 'retry', reason })
    const delivery = new Delivery(message(), attempts)
    await consumeCrashes([delivery], deps)
    expect(delivery.settled).toEqual({ kind: 'retried', delaySeconds })
  })

  it.each([
    [PLATFORM_RETRY_WINDOW_MS - 1, 'retried'],
    [PLATFORM_RETRY_WINDOW_MS, 'acked'],
    [PLATFORM_RETRY_WINDOW_MS + 1, 'acked'],
  ])('makes trouble of the platform a dead letter after %i ms', async (ageMs, settled) => {
    const { deps, deadQueue } = consumer({ kind: 'retry', reason: 'stackwalker_unavailable' }, NOW_MS + ageMs)
    const delivery = new Delivery(message())
    await consumeCrashes([delivery], deps)
    expect(delivery.settled.kind).toBe(settled)
    expect(deadQueue.sent.map(({ message: dead }) => dead.reason)).toEqual(
      settled === 'acked' ? ['stackwalker_unavailable'] : [],
    )
  })

  it('sends a copy of a crash that failed of itself, with one try more', async () => {
    const { deps, queue, deadQueue } = consumer({ kind: 'failed', reason: 'stackwalk_unreadable' })
    const delivery = new Delivery(message({ tries: 1 }))
    await consumeCrashes([delivery], deps)
    expect(delivery.settled).toEqual({ kind: 'acked' })
    expect(queue.sent).toMatchObject([
      { message: { tries: 2, reason: 'stackwalk_unreadable', first_seen: NOW_MS }, delaySeconds: 60 },
    ])
    expect(deadQueue.sent).toEqual([])
  })

  it('makes a crash a dead letter after its last try', async () => {
    const { deps, queue, deadQueue } = consumer({ kind: 'failed', reason: 'raw_crash_unreadable' })
    const delivery = new Delivery(message({ tries: MAX_PROCESS_TRIES - 1 }))
    await consumeCrashes([delivery], deps)
    expect(delivery.settled).toEqual({ kind: 'acked' })
    expect(queue.sent).toEqual([])
    expect(deadQueue.sent).toMatchObject([{ message: { tries: MAX_PROCESS_TRIES, reason: 'raw_crash_unreadable' } }])
  })

  it('keeps the message while a queue refuses the copy', async () => {
    for (const tries of [0, MAX_PROCESS_TRIES - 1]) {
      const { deps, queue, deadQueue } = consumer({ kind: 'failed', reason: 'stackwalk_unreadable' })
      queue.isDown = true
      deadQueue.isDown = true
      const delivery = new Delivery(message({ tries }))
      await consumeCrashes([delivery], deps)
      expect(delivery.settled).toEqual({ kind: 'retried', delaySeconds: 30 })
    }
  })

  it('settles the neighbours of a poison message for themselves', async () => {
    const poison = [
      null,
      'text',
      {},
      { ...message(), v: 2 },
      { ...message(), crash_id: '../raw_crash' },
      { ...message(), ruleset: 'none' },
    ]
    const fine = Array.from({ length: 4 }, () => new Delivery(message()))
    const bad = poison.map((body) => new Delivery(body))
    const { deps, requests } = consumer({ kind: 'processed' })
    await consumeCrashes([...bad.slice(0, 3), ...fine, ...bad.slice(3)], deps)
    expect(fine.map(({ settled }) => settled.kind)).toEqual(Array(4).fill('acked'))
    expect(bad.map(({ settled }) => settled.kind)).toEqual(Array(6).fill('retried'))
    expect(requests).toHaveLength(4)
  })

  it('drops a poison message after its last attempt', async () => {
    const delivery = new Delivery({ v: 99 }, MAX_PROCESS_TRIES)
    await consumeCrashes([delivery], consumer({ kind: 'processed' }).deps)
    expect(delivery.settled).toEqual({ kind: 'acked' })
  })

  it('retries a crash whose processing throws, and its neighbours go on', async () => {
    let calls = 0
    const { deps } = consumer(() =>
      calls++ === 0 ? Promise.reject(new TypeError('a bug')) : Promise.resolve({ kind: 'processed' }),
    )
    const deliveries = [new Delivery(message()), new Delivery(message())]
    await consumeCrashes(deliveries, deps)
    expect(deliveries.map(({ settled }) => settled.kind)).toEqual(['retried', 'acked'])
  })

  it('processes no more crashes at once than its limit', async () => {
    let running = 0
    let most = 0
    const { deps } = consumer(async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 2))
      running--
      return { kind: 'processed' }
    })
    const deliveries = Array.from({ length: 10 }, () => new Delivery(message()))
    await consumeCrashes(deliveries, deps)
    expect(most).toBe(PROCESS_CONCURRENCY)
    expect(deliveries.every(({ settled }) => settled.kind === 'acked')).toBe(true)
  })

  it('asks for new work only for reprocessing', async () => {
    const { deps, requests } = consumer({ kind: 'processed' })
    await consumeCrashes([new Delivery(message({ ruleset: 'regenerate_signature' }))], deps)
    await consumeCrashes([new Delivery(message())], { ...deps, isReprocessing: true })
    expect(requests).toMatchObject([
      { ruleset: 'regenerate_signature', notBeforeMs: 0 },
      { ruleset: 'default', notBeforeMs: NOW_MS },
    ])
  })
})
