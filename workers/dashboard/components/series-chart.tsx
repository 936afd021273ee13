import {
  CHART_HEIGHT,
  CHART_WIDTH,
  type Chart,
  chartPlan,
  pathOf,
  SPARK_HEIGHT,
  SPARK_WIDTH,
  sparkBars,
} from '../views/chart.ts'
import { grouped } from '../views/json-value.ts'

/** The pattern of days that are not over. Once a page that draws; charts refer to it. */
export function HatchPattern() {
  return (
    <svg class="visually-hidden" width="0" height="0" aria-hidden="true" focusable="false">
      <defs>
        <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="hatch-ground" width="6" height="6" />
          <rect class="hatch-line" width="2" height="6" />
        </pattern>
      </defs>
    </svg>
  )
}

/** A chart of lines by the day, and the same numbers as a table behind it. */
export function SeriesChart({ chart }: { readonly chart: Chart }) {
  const plan = chartPlan(chart)
  const { title, axis, days, series, runningDay } = chart
  if (days.length === 0) return <p class="empty">There is no day to draw: no report has a date on this axis.</p>
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <ul class="chart-legend">
          {series.map(({ label, unit }, at) => (
            <li>
              <svg width="22" height="10" aria-hidden="true" focusable="false">
                <path class={`series series-${at + 1}`} d="M1 5L21 5" />
              </svg>
              <span>{label}</span> <span class="unit">{unit}</span>
            </li>
          ))}
          {plan.band === null ? null : (
            <li>
              <svg width="22" height="10" aria-hidden="true" focusable="false">
                <rect width="22" height="10" fill="url(#hatch)" />
              </svg>
              <span>running day, not compared</span>
            </li>
          )}
        </ul>
      </figcaption>
      <svg
        class="chart-drawing"
        viewBox={`0 0 ${CHART_WIDTH} ${CHART_HEIGHT}`}
        role="img"
        aria-label={`${title}, by day, ${axis}; the table below has the numbers`}
      >
        {plan.band === null ? null : (
          <rect x={plan.band.x} y="0" width={plan.band.width} height={plan.bottom} fill="url(#hatch)" />
        )}
        {plan.ticks.map(({ value, y }) => (
          <g>
            <path class="chart-grid" d={`M${plan.left} ${y}L${plan.right} ${y}`} />
            <text class="chart-label" x={plan.left - 6} y={y + 3.5} text-anchor="end">
              {grouped(value)}
            </text>
          </g>
        ))}
        {plan.days.map(({ day, x }) => (
          <text class="chart-label" x={x} y={CHART_HEIGHT - 8} text-anchor="middle">
            {day.slice(5)}
          </text>
        ))}
        {plan.lines.map(({ points }, at) => (
          <g>
            <path class={`series series-${at + 1}`} d={pathOf(points)} />
            {points.length > 45
              ? null
              : points.map(({ x, y }) => <circle class={`dot series-${at + 1}`} cx={x} cy={y} r="2" />)}
          </g>
        ))}
      </svg>
      <p class="chart-axis quiet">{axis}</p>
      <details class="chart-table">
        <summary>Numbers</summary>
        <section class="scroller" aria-label={title} tabindex={0}>
          <table>
            <caption class="visually-hidden">{`${title}, by day`}</caption>
            <thead>
              <tr>
                <th scope="col">{axis}</th>
                {series.map(({ label, unit }) => (
                  <th scope="col" class="number">
                    {`${label} (${unit})`}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {days.map((day, at) => (
                <tr>
                  <th scope="row">{day === runningDay ? `${day} (running)` : day}</th>
                  {series.map(({ values }) => (
                    <td class="number">{grouped(Math.round(values[at] ?? 0))}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </figure>
  )
}

/** A row's days as small bars. The text beside it is for who cannot see them. */
export function Sparkline({
  values,
  days,
  runningDay,
  unit,
}: {
  readonly values: readonly number[]
  readonly days: readonly string[]
  readonly runningDay: string | null
  readonly unit: string
}) {
  const runningAt = runningDay === null ? null : days.indexOf(runningDay)
  const spoken = `${unit} by day from ${days[0] ?? ''}: ${values.map((value) => Math.round(value)).join(', ')}`
  return (
    <svg class="spark" viewBox={`0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`} role="img" aria-label={spoken}>
      {sparkBars(values, runningAt).map(({ x, y, width, height, isRunning }) =>
        isRunning ? (
          <rect x={x} y={y} width={width} height={height} fill="url(#hatch)" />
        ) : (
          <rect class="spark-bar" x={x} y={y} width={width} height={height} />
        ),
      )}
    </svg>
  )
}
