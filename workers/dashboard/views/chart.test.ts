import { describe, expect, it } from 'vitest'
import { chartPlan, pathOf, SPARK_HEIGHT, sparkBars, ticksTo } from './chart.ts'

const DAYS = ['2026-11-20', '2026-11-21', '2026-11-22']

describe('chartPlan', () => {
  const plan = chartPlan({
    title: 'Reports',
    axis: 'received (UTC)',
    days: DAYS,
    series: [
      { label: 'reports', unit: 'estimated', values: [0, 50, 100] },
      { label: 'pings', unit: 'pings', values: [100, 100, 100] },
    ],
    runningDay: '2026-11-22',
  })

  it('draws each series by itself, on one scale that begins at zero', () => {
    expect(plan.lines.map(({ label, unit }) => [label, unit])).toEqual([
      ['reports', 'estimated'],
      ['pings', 'pings'],
    ])
    const [reports, pings] = plan.lines
    expect(reports?.points[0]?.y).toBe(plan.bottom)
    expect(reports?.points[2]?.y).toBe(pings?.points[2]?.y)
    expect(plan.ticks.at(-1)?.value).toBe(100)
  })

  it('hatches the running day and no other', () => {
    const last = plan.lines[0]?.points[2]?.x ?? 0
    expect(plan.band?.x).toBeLessThan(last)
    expect((plan.band?.x ?? 0) + (plan.band?.width ?? 0)).toBeGreaterThan(last)
    expect((plan.band?.x ?? 0) > (plan.lines[0]?.points[1]?.x ?? 0)).toBe(true)
    expect(chartPlan({ title: '', axis: '', days: DAYS, series: [], runningDay: '2026-12-01' }).band).toBeNull()
  })

  it('names at most eight days, the newest among them', () => {
    const days = Array.from({ length: 100 }, (_, n) => `day ${n}`)
    const { days: named } = chartPlan({ title: '', axis: '', days, series: [], runningDay: null })
    expect(named.length).toBeLessThanOrEqual(8)
    expect(named.at(-1)?.day).toBe('day 99')
  })
})

describe('ticksTo', () => {
  it('are round, cover the largest value, and are whole', () => {
    expect(ticksTo(0)).toEqual([0, 1])
    expect(ticksTo(3)).toEqual([0, 1, 2, 3])
    expect(ticksTo(95)).toEqual([0, 50, 100])
    expect(ticksTo(4_100)).toEqual([0, 2_000, 4_000, 6_000])
    for (const max of [1, 7, 12, 99, 1_234, 5e9]) expect(ticksTo(max).at(-1)).toBeGreaterThanOrEqual(max)
  })
})

describe('pathOf and sparkBars', () => {
  it('write a path, and bars of which none that counts something is invisible', () => {
    expect(
      pathOf([
        { x: 1, y: 2 },
        { x: 3, y: 4 },
      ]),
    ).toBe('M1 2L3 4')
    const bars = sparkBars([0, 1, 10_000], 2)
    expect(bars.map(({ height }) => height)).toEqual([0, 1.5, SPARK_HEIGHT])
    expect(bars.map(({ isRunning }) => isRunning)).toEqual([false, false, true])
  })
})
