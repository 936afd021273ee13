import { withSet } from '../views/search-parameters.ts'
import { DAYS, MODES, RANGES, REPORT_TYPES, SIZES, type TopCrashersRequest } from '../views/top-crashers-request.ts'
import { Toggle, ToggleLink } from './toggle.tsx'

const PATH = '/topcrashers/'
const MODE_TEXT = { realtime: 'with the running day', byday: 'whole days only' } as const
const RANGE_TEXT = { report: 'received', build: 'build date' } as const

type ChoiceField = 'product' | 'version' | 'release_channel' | 'process_type' | 'platform'
const FIELDS: readonly (readonly [
  name: ChoiceField | '_compare',
  label: string,
  key: keyof TopCrashersRequest,
  none?: string,
])[] = [
  ['product', 'Product', 'product'],
  ['version', 'Version', 'version'],
  ['release_channel', 'Channel', 'channel'],
  ['process_type', 'Process', 'processType'],
  ['platform', 'System', 'platform'],
  ['_compare', 'Compare with version', 'compare', 'none'],
]

/** The choices of a ranking: lists that are submitted, toggles that are links. All of it is in the address. */
export function TopCrashersForm({
  params,
  request,
  choices,
}: {
  readonly params: URLSearchParams
  readonly request: TopCrashersRequest
  readonly choices: Readonly<Record<ChoiceField, readonly string[]>>
}) {
  const link = (name: string, value: string) => `${PATH}?${withSet(params, { [name]: value })}`
  const shown = new Set<string>(FIELDS.map(([name]) => name))
  return (
    <div class="top-crashers-form">
      <form class="choices" action={PATH} method="get">
        {[...params].map(([name, value]) =>
          shown.has(name) || name === '_format' ? null : <input type="hidden" name={name} value={value} />,
        )}
        {FIELDS.map(([name, label, key, none = 'all']) => {
          const value = request[key]
          const chosen = typeof value === 'string' ? value : ''
          return (
            <div class="field">
              <label for={`choice-${name}`}>{label}</label>
              <select id={`choice-${name}`} name={name}>
                <option value="">{none}</option>
                {[
                  ...new Set([...(chosen === '' ? [] : [chosen]), ...choices[name === '_compare' ? 'version' : name]]),
                ].map((text) => (
                  <option value={text} selected={text === chosen}>
                    {text}
                  </option>
                ))}
              </select>
            </div>
          )
        })}
        <button type="submit" class="primary">
          Show
        </button>
      </form>
      <div class="toggles">
        <Toggle label="Days">
          {DAYS.toSorted((a, b) => Number(a) - Number(b)).map((days) => (
            <ToggleLink href={link('days', days)} on={request.days === Number(days)} text={days} />
          ))}
        </Toggle>
        <Toggle label="Type">
          {REPORT_TYPES.map((type) => (
            <ToggleLink href={link('_report_type', type)} on={request.reportType === type} text={type} />
          ))}
        </Toggle>
        <Toggle label="Window of">
          {RANGES.map((range) => (
            <ToggleLink href={link('_range_type', range)} on={request.range === range} text={RANGE_TEXT[range]} />
          ))}
        </Toggle>
        <Toggle label="Count">
          {MODES.map((mode) => (
            <ToggleLink href={link('_tcbs_mode', mode)} on={request.mode === mode} text={MODE_TEXT[mode]} />
          ))}
        </Toggle>
        <Toggle label="Rows">
          {SIZES.map((size) => (
            <ToggleLink href={link('_facets_size', size)} on={request.size === Number(size)} text={size} />
          ))}
        </Toggle>
      </div>
    </div>
  )
}
