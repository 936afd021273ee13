import { createCrashId } from '#shared/crash-id.ts'
import { instantOf } from '#shared/search/instant.ts'
import type { SearchDocument, SearchValue } from '#shared/search/search-rpc.ts'
import { drawsFrom } from '#shared/testing/draws.ts'

/**
 * A generated population of reports over weeks, for tests of pages: a browser with channels whose release is kept 1 in 10, and a game without channels
 * whose reports are all kept. One signature has a planted attribute, one rises in the last week, one is new.
 */
export const PLANTED = 'gfx::DriverCrash'
export const RISING = 'js::RunScript'
export const NEW_SIGNATURE = 'net::NewBug'
/** Its attributes are drawn as everybody's. */
export const UNIFORM = 'dom::Uniform'

const DAY_MS = 86_400_000
const SIGNATURES = [UNIFORM, PLANTED, RISING, 'OOM | small', 'mozilla::ipc::Fatal', '<script>alert(1)</script>']

export function populationBefore(nowMs: number, count: number, days = 28, seed = 1): readonly SearchDocument[] {
  const draw = drawsFrom(seed)
  const among = <T>(values: readonly [T, ...T[]]): T => values[Math.floor(draw() * values.length)] ?? values[0]
  const randomBytes = (bytes: Uint8Array<ArrayBuffer>) => bytes.map(() => Math.floor(draw() * 256))
  return Array.from({ length: count }, () => {
    const agoMs = draw() * days * DAY_MS
    const dateMs = nowMs - agoMs
    const isGame = draw() < 0.2
    let signature = SIGNATURES[Math.floor((SIGNATURES.length + 1) ** draw()) - 1] ?? UNIFORM
    if (agoMs < 7 * DAY_MS && draw() < 0.25) signature = RISING
    if (agoMs < 2 * DAY_MS && draw() < 0.2) signature = NEW_SIGNATURE
    const channel = among(['release', 'release', 'beta', 'nightly'])
    const isRelease = !isGame && channel === 'release'
    const planted = signature === PLANTED ? draw() < 0.85 : draw() < 0.1
    const crash_id = createCrashId(() => dateMs, randomBytes)
    const buildMs = dateMs - draw() * 20 * DAY_MS
    const values: Record<string, SearchValue> = {
      uuid: crash_id,
      date: instantOf(Math.floor(dateMs)),
      signature,
      proto_signature: `${signature} | main | start`,
      product: isGame ? 'EarthRacoon' : 'WaterWolf',
      version: isGame ? '2.1' : among(['150.0', '150.0', '151.0b2']),
      report_type: draw() < 0.05 ? 'hang' : 'crash',
      process_type: among(['parent', 'content', 'gpu']),
      platform: among(['Windows NT', 'Windows NT', 'Mac OS X', 'Linux']),
      platform_pretty_version: among(['Windows 11', 'Windows 10', 'macOS 15', 'Debian 13']),
      cpu_arch: among(['amd64', 'amd64', 'arm64']),
      cpu_count: among([4, 8, 16]),
      adapter_vendor_id: planted ? '0x1002' : among(['0x8086', '0x10de']),
      reason: among(['SIGSEGV / SEGV_MAPERR', 'EXCEPTION_ACCESS_VIOLATION_READ']),
      uptime: Math.floor(10 ** (draw() * 5)),
      startup_crash: draw() < 0.1,
      build_id: Number(`${new Date(buildMs).toISOString().slice(0, 10).replaceAll('-', '')}120000`),
      crash_time: Math.floor(dateMs / 1_000) - 3_600,
      missing_symbols: among(['driver.dll/1.0/ABC1', 'driver.dll/1.0/ABC1', 'other.so/2/DEF0']),
      user_comments: 'I was reading mail',
    }
    if (!isGame) {
      values.release_channel = channel
      values.install_time = 1_770_000_000 + Math.floor(draw() * 900)
    }
    if (isRelease) {
      values.sample_weight = 10
      values.throttle_rule = 'accept_release_10_percent'
    } else values.throttle_rule = 'accept_everything'
    return { crash_id, started_at_ms: Math.floor(dateMs) + 1_000, values }
  })
}

/** Crash pings of one signature, so many a day of the last `days`: no product, build or installation of a report stands in them. */
export function pingsBefore(nowMs: number, signature: string, aDay: number, days: number): readonly SearchDocument[] {
  let number = 0
  const randomBytes = (bytes: Uint8Array<ArrayBuffer>) => {
    number += 1
    return bytes.map((_, at) => (at < 4 ? (number >> (8 * at)) & 255 : 7))
  }
  return Array.from({ length: aDay * days }, (_, n) => {
    const dateMs = nowMs - (n % days) * DAY_MS
    const crash_id = createCrashId(() => dateMs, randomBytes)
    const values = { uuid: crash_id, date: instantOf(dateMs), signature, product: 'WaterWolf', version: '150.0' }
    return { crash_id, started_at_ms: dateMs, values: { ...values, release_channel: 'release' } }
  })
}
