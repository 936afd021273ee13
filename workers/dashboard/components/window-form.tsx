import { withSet } from '../views/search-parameters.ts'
import { daysAgo } from '../views/signature-request.ts'
import { Toggle, ToggleLink } from './toggle.tsx'

const PRESETS = [1, 3, 7, 14, 28, 90] as const

/** The window of a page as links: so many whole days and the running one. Any other window is SuperSearch's `date` in the address. */
export function WindowForm({
  path,
  params,
  nowMs,
}: {
  readonly path: string
  readonly params: URLSearchParams
  readonly nowMs: number
}) {
  const dates = params.getAll('date')
  const isOn = (days: number) =>
    dates.length === 0 ? days === 7 : dates.length === 1 && dates[0] === `>=${daysAgo(nowMs, days)}`
  return (
    <div class="toggles">
      <Toggle label="Days">
        {PRESETS.map((days) => (
          <ToggleLink
            href={`${path}?${withSet(params, { date: `>=${daysAgo(nowMs, days)}`, _results_offset: null })}`}
            on={isOn(days)}
            text={String(days)}
          />
        ))}
      </Toggle>
      <span class="quiet">whole days and the running one, by when reports were received (UTC)</span>
    </div>
  )
}
