import { type CrashId, crashDay } from '../crash-id.ts'
import { type Instant, instantMs } from './instant.ts'

/** An ISO week such as `2026W47`. Monday is its first day; the week of 4 January is W01. */
export type Week = string & { readonly __week: unique symbol }

const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS

/** Midnight UTC of a day `YYYYMMDD`. The day of a crash id is not checked against the calendar: 31 June is 1 July. */
export function dayMs(day: string): number {
  return Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8)))
}

/** The shard of a crash: by the day in its crash id, which nothing changes, so reprocessing finds the same document. */
export function weekOfCrash(crashId: CrashId): Week {
  return weekAt(dayMs(crashDay(crashId)))
}

/** The week that an instant lies in. */
export function weekOfInstant(instant: Instant): Week {
  return weekAt(instantMs(instant))
}

/** The name of a shard: its week, and for the second and later shards of a split week `/1`, `/2`, …: `2026W47/1`. */
export type ShardName = string & { readonly __shardName: unique symbol }

/** The shard that is there for every week; it knows how many there are. */
export function firstShard(week: Week): ShardName {
  return shardName(week, 0)
}

/** All shards of a week that is split so many ways. */
export function shardsOfWeek(week: Week, splits: number): readonly ShardName[] {
  return Array.from({ length: splits }, (_, n) => shardName(week, n))
}

/** The shard of a crash in its week: by the random digits that a crash id begins with. */
export function shardOfCrash(crashId: CrashId, splits: number): ShardName {
  return shardName(weekOfCrash(crashId), Number.parseInt(crashId.slice(0, 8), 16) % splits)
}

function shardName(week: Week, n: number): ShardName {
  return (n === 0 ? week : `${week}/${n}`) as string as ShardName
}

/** The weeks that have any of the time from one instant to another, oldest first; none when they are in the wrong order. */
export function weeksBetween(from: Instant, to: Instant): readonly Week[] {
  const [firstMs, lastMs] = [mondayMs(instantMs(from)), mondayMs(instantMs(to))]
  return Array.from({ length: Math.max(0, (lastMs - firstMs) / WEEK_MS + 1) }, (_, n) => weekAt(firstMs + n * WEEK_MS))
}

function mondayMs(atMs: number): number {
  const midnightMs = Math.floor(atMs / DAY_MS) * DAY_MS
  const daysSinceMonday = (new Date(midnightMs).getUTCDay() + 6) % 7
  return midnightMs - daysSinceMonday * DAY_MS
}

/** A week belongs to the year of its Thursday. */
function weekAt(atMs: number): Week {
  const thursdayMs = mondayMs(atMs) + 3 * DAY_MS
  const year = new Date(thursdayMs).toISOString().slice(0, -20)
  const week = Math.floor((thursdayMs - Date.parse(`${year}-01-01`)) / WEEK_MS) + 1
  return `${year}W${String(week).padStart(2, '0')}` as Week
}
