import type { Unit } from './counts.ts'

/** One line of a chart. Series of different units, such as reports and pings, stand side by side and are never summed up. */
export interface ChartSeries {
  readonly label: string
  readonly unit: Unit
  /** One a day. */
  readonly values: readonly number[]
}

export interface Chart {
  readonly title: string
  /** What the days are of, as the axis says it. */
  readonly axis: string
  readonly days: readonly string[]
  readonly series: readonly ChartSeries[]
  /** The day that is not over yet; null where the chart does not reach it. */
  readonly runningDay: string | null
}

export const CHART_WIDTH = 720
export const CHART_HEIGHT = 220
const LEFT = 52
const RIGHT = 12
const TOP = 10
const BOTTOM = 26

export interface Point {
  readonly x: number
  readonly y: number
}

/** Where everything of a chart is drawn, in units of its view box. */
export interface ChartPlan {
  readonly ticks: readonly { readonly value: number; readonly y: number }[]
  readonly days: readonly { readonly day: string; readonly x: number }[]
  readonly lines: readonly (ChartSeries & { readonly points: readonly Point[] })[]
  /** The band of the running day. */
  readonly band: { readonly x: number; readonly width: number } | null
  readonly left: number
  readonly right: number
  readonly bottom: number
}

/** At most so many days are named below the axis. */
const NAMED_DAYS = 8

export function chartPlan({ days, series, runningDay }: Chart): ChartPlan {
  const width = CHART_WIDTH - LEFT - RIGHT
  const bottom = CHART_HEIGHT - BOTTOM
  const step = days.length === 0 ? width : width / days.length
  const x = (at: number) => round(LEFT + step * (at + 0.5))
  const values = ticksTo(Math.max(0, ...series.flatMap((one) => one.values)))
  const top = values.at(-1) ?? 1
  const y = (value: number) => round(bottom - (value / top) * (bottom - TOP))
  const every = Math.max(1, Math.ceil(days.length / NAMED_DAYS))
  const runningAt = runningDay === null ? -1 : days.indexOf(runningDay)
  return {
    ticks: values.map((value) => ({ value, y: y(value) })),
    // Counted back from the newest, which is the one that people look for.
    days: days.flatMap((day, at) => ((days.length - 1 - at) % every === 0 ? [{ day, x: x(at) }] : [])),
    lines: series.map((one) => ({
      ...one,
      points: days.map((_, at) => ({ x: x(at), y: y(one.values[at] ?? 0) })),
    })),
    band: runningAt === -1 ? null : { x: round(LEFT + step * runningAt), width: round(step) },
    left: LEFT,
    right: CHART_WIDTH - RIGHT,
    bottom,
  }
}

/** Round numbers from zero to at least `max`: four to six of them. */
export function ticksTo(max: number): readonly number[] {
  if (max <= 0) return [0, 1]
  const rough = max / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(1, power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10))
  return Array.from({ length: Math.ceil(max / step - 1e-9) + 1 }, (_, n) => n * step)
}

/** An SVG path through points. */
export function pathOf(points: readonly Point[]): string {
  return points.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`).join('')
}

const round = (value: number) => Math.round(value * 10) / 10

export const SPARK_WIDTH = 96
export const SPARK_HEIGHT = 24

/** One bar of a small chart; a day with crashes is never invisible. */
export interface SparkBar {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly isRunning: boolean
}

export function sparkBars(values: readonly number[], runningAt: number | null): readonly SparkBar[] {
  const top = Math.max(1, ...values)
  const step = SPARK_WIDTH / Math.max(1, values.length)
  return values.map((value, at) => {
    const height = value === 0 ? 0 : Math.max(1.5, (value / top) * SPARK_HEIGHT)
    return {
      x: round(step * at),
      y: round(SPARK_HEIGHT - height),
      width: round(Math.max(0.8, step - 1)),
      height: round(height),
      isRunning: at === runningAt,
    }
  })
}
