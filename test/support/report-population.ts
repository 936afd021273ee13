/**
 * A generated population of reports over four weeks: a browser whose release is kept 1 in 10, in which one signature has a planted attribute, one rises and one is
 * new; and a game in which nothing has to do with anything.
 */

import { drawsFrom } from '#shared/testing/draws.ts'
import type { StoredReport } from './stored-reports.ts'

const DAY_MS = 86_400_000
const DAYS = 28
/** How much more often the planted attribute comes with its signature: 0.85 against 0.1. */
const PLANTED_SHARE = 0.85
const COMMON_SHARE = 0.1

/** Exceptions whose signatures the tests look for. */
export const PLANTED = 'PlantedException'
export const RISING = 'RisingException'
export const NEW = 'NewException'
/** Of the game, drawn as all else of it. */
export const UNIFORM = 'UniformException'
const OTHERS = ['StateException', 'ArgumentException', 'TimeoutException', 'CastException'] as const

export function reportPopulation(nowMs: number, count: number, seed: number): readonly StoredReport[] {
  const draw = drawsFrom(seed)
  const among = <T>(...values: readonly [T, ...T[]]): T => values[Math.floor(draw() * values.length)] ?? values[0]
  const hex = (digits: number) => Array.from({ length: digits }, () => Math.floor(draw() * 16).toString(16)).join('')
  return Array.from({ length: count }, () => {
    const agoMs = draw() * DAYS * DAY_MS
    const receivedAtMs = Math.floor(nowMs - agoMs)
    const day = new Date(receivedAtMs).toISOString().slice(2, 10).replaceAll('-', '')
    const isGame = draw() < 0.3
    const exception = isGame ? gameException() : browserException(agoMs)
    const isRelease = !isGame && draw() < 0.5
    const isPlanted = !isGame && draw() < (exception === PLANTED ? PLANTED_SHARE : COMMON_SHARE)
    const buildDay = new Date(receivedAtMs - draw() * 20 * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')
    return {
      crashId: `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(5)}0${day}`,
      receivedAtMs,
      annotations: {
        ProductName: isGame ? 'EarthRacoon' : 'WaterWolf',
        Version: isGame ? '2.1' : isRelease ? '150.0' : '152.0a1',
        BuildID: `${buildDay}120000`,
        CrashTime: String(Math.floor(receivedAtMs / 1_000) - 3_600),
        JavaStackTrace: `org.example.${exception}: x\n\tat org.example.${exception}.run(Main.java:12)`,
        DistributionID: isPlanted ? 'app-store' : 'default',
        Vendor: among('Example', 'Sample', 'Other'),
        useragent_locale: among('en-US', 'de', 'fr', 'pt-BR'),
        ProcessType: among('main', 'content', 'content', 'gpu'),
        Comments: `I did thing ${hex(3)}`,
        ...(isGame
          ? {}
          : {
              ReleaseChannel: isRelease ? 'release' : 'nightly',
              InstallTime: String(1_770_000_000 + Math.floor(draw() * 300)),
            }),
      },
      metadata: isRelease
        ? { throttle_rule: 'accept_release_10_percent', sample_weight: 10 }
        : { throttle_rule: 'accept_everything' },
    }
  })

  function gameException(): string {
    return draw() < 0.5 ? UNIFORM : among(...OTHERS)
  }
  function browserException(agoMs: number): string {
    if (agoMs < 3 * DAY_MS && draw() < 0.25) return NEW
    if (agoMs < 7 * DAY_MS && draw() < 0.6) return RISING
    return draw() < 0.35 ? PLANTED : draw() < 0.04 ? RISING : among(...OTHERS)
  }
}
