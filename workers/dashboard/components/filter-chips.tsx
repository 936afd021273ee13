import { shownText } from '../views/json-value.ts'
import type { FilterChip } from '../views/search-form.ts'

/** The filters of a page, each a link that takes it out. Nothing where there are none. */
export function FilterChips({
  chips,
  href,
}: {
  readonly chips: readonly FilterChip[]
  /** Where the page without one filter is. */
  readonly href: (without: URLSearchParams) => string
}) {
  if (chips.length === 0) return null
  return (
    <ul class="filters" aria-label="Filters">
      {chips.map(({ text, without }) => (
        <li>
          <a href={href(without)} title="Take this filter out">
            {shownText(text)}
            <span aria-hidden="true"> ×</span>
            <span class="visually-hidden">: take out</span>
          </a>
        </li>
      ))}
    </ul>
  )
}
