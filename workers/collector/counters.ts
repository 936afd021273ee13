import { DurableObject } from 'cloudflare:workers'
import { systemClock, utcHour } from '#shared/clock.ts'
import { type CountsByName, OTHER } from '#shared/collector-books.ts'
import { COUNTING_ISOLATE_KEPT_MS, COUNTS_KEPT_DAYS, MAX_COUNTS_AN_HOUR } from '#shared/limits.ts'
import type { CountBatch, CountKeeper } from './counts.ts'
import type { Env } from './env.ts'

const DAY_MS = 24 * 3_600_000
/** The counts of an hour: `hour/<YYYYMMDDHH>`. */
const HOURS = 'hour/'
/** The last batch of an isolate: `isolate/<its name>`. */
const ISOLATES = 'isolate/'

interface LastBatch {
  readonly number: number
  readonly atMs: number
}

/**
 * What all isolates of the collector counted, by hour: two rows written a batch. One object, named by {@link COUNTERS_NAME}: a thousand busy isolates write to it 100 times
 * a second at most. A plain Durable Object rather than itty-durable, which keeps its state as one value: here that would be 28 days, written anew with
 * each batch.
 */
export class Counters extends DurableObject<Env> implements CountKeeper {
  #hasAlarm = false

  /** Adds a batch, once however often it is sent. */
  async add({ isolate, number, hours }: CountBatch): Promise<void> {
    const { kv } = this.ctx.storage
    const last = kv.get<LastBatch>(ISOLATES + isolate)
    if (last !== undefined && number <= last.number) return
    for (const [hour, counts] of Object.entries(hours)) {
      kv.put(HOURS + hour, added(kv.get<CountsByName>(HOURS + hour) ?? {}, counts))
    }
    kv.put<LastBatch>(ISOLATES + isolate, { number, atMs: systemClock() })
    await this.#cleanUpLater()
  }

  /** The counts of each hour (`YYYYMMDDHH`) of some days (`YYYYMMDD`), both included. */
  hours(fromDay: string, toDay: string): Readonly<Record<string, CountsByName>> {
    const { kv } = this.ctx.storage
    const stored = kv.list<CountsByName>({ start: `${HOURS}${fromDay}00`, end: `${HOURS}${toDay}24` })
    return Object.fromEntries(Array.from(stored, ([key, counts]) => [key.slice(HOURS.length), counts]))
  }

  /** For the heartbeat. */
  ping(): void {}

  /** Forgets hours after COUNTS_KEPT_DAYS, and isolates that ended. An object that holds nothing any more sleeps. */
  override async alarm(): Promise<void> {
    const { kv } = this.ctx.storage
    const nowMs = systemClock()
    const oldest = HOURS + utcHour(nowMs - COUNTS_KEPT_DAYS * DAY_MS)
    const oldHours = Array.from(kv.list({ start: HOURS, end: oldest }), ([key]) => key)
    const oldIsolates = Array.from(kv.list<LastBatch>({ prefix: ISOLATES })).flatMap(([key, { atMs }]) =>
      nowMs - atMs > COUNTING_ISOLATE_KEPT_MS ? [key] : [],
    )
    for (const key of [...oldHours, ...oldIsolates]) kv.delete(key)
    this.#hasAlarm = false
    if (Array.from(kv.list({ limit: 1 })).length > 0) await this.#cleanUpLater()
  }

  async #cleanUpLater(): Promise<void> {
    if (this.#hasAlarm) return
    const { storage } = this.ctx
    if ((await storage.getAlarm()) === null) await storage.setAlarm(systemClock() + DAY_MS)
    this.#hasAlarm = true
  }
}

/** The one object that there is. */
export const COUNTERS_NAME = 'collector'

function added(stored: CountsByName, more: CountsByName): CountsByName {
  const sums = new Map(Object.entries(stored))
  for (const [name, count] of Object.entries(more)) {
    const kept = sums.has(name) || sums.size < MAX_COUNTS_AN_HOUR ? name : OTHER
    sums.set(kept, (sums.get(kept) ?? 0) + count)
  }
  return Object.fromEntries(sums)
}
