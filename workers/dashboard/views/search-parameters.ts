import type { FieldCatalog } from '#shared/search/fields.ts'

/**
 * Parameters of pages that stand on search. A page's address holds SuperSearch's filters as they are, its own controls under names that
 * begin with `_` (no search field does), and on the top crashers the peer's `days`.
 */

type Pair = readonly [name: string, value: string]

/** The filters of an address: what names a field that there is. Controls, and what nobody knows, are left out. */
export function filtersOf(params: URLSearchParams, catalog: FieldCatalog): URLSearchParams {
  return new URLSearchParams(
    [...params].filter(([name]) => !name.startsWith('_') && catalog.find(name) !== null).map(([n, v]) => [n, v]),
  )
}

/** The parameters and some more. */
export function withMore(params: URLSearchParams, ...more: readonly Pair[]): URLSearchParams {
  const all = new URLSearchParams(params)
  for (const [name, value] of more) all.append(name, value)
  return all
}

/** The parameters with these names set anew, or taken out where the value is null. */
export function withSet(params: URLSearchParams, changes: Readonly<Record<string, string | null>>): URLSearchParams {
  const all = new URLSearchParams(params)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) all.delete(name)
    else all.set(name, value)
  }
  return all
}

/** The last value of a control, where it is one of those that there are; else the first of them. */
export function choiceOf<Choice extends string>(
  params: URLSearchParams,
  name: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const value = params.getAll(name).at(-1)
  return choices.find((choice) => choice === value) ?? choices[0]
}
