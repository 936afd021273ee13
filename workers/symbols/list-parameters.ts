import { MAX_LIST_PAGE } from '#shared/limits.ts'
import type { FilterRead } from '#shared/symbols/list-filter.ts'

/** Reads the parameters of one list and gathers what is wrong with each, in the peer's shape: `{"errors": {"size": ["…"]}}`. */
export class ListParameters {
  readonly #params: URLSearchParams
  readonly #errors: Record<string, string[]> = {}

  constructor(request: Request) {
    this.#params = new URL(request.url).searchParams
  }

  /** Null when every parameter was good. */
  get errors(): Readonly<Record<string, readonly string[]>> | null {
    return Object.keys(this.#errors).length === 0 ? null : this.#errors
  }

  /** A filter; a parameter that is given twice must hold twice. */
  filter<Part>(name: string, read: (text: string) => FilterRead<readonly Part[]>): readonly Part[] {
    return this.#params.getAll(name).flatMap((text) => {
      const found = read(text)
      if (found.kind === 'filter') return found.filter
      this.#wrong(name, `${name} ${found.text}`)
      return []
    })
  }

  /** One of a closed list; of several the last, and nothing or an empty text is the first of the list. */
  choice<Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]): Choice {
    const text = this.#last(name)
    if (text === '') return choices[0]
    const chosen = choices.find((choice) => choice === text)
    if (chosen === undefined) this.#wrong(name, `${name} must be one of ${choices.join(', ')}`)
    return chosen ?? choices[0]
  }

  /** Pages count from 1. */
  page(): number {
    const text = this.#last('page')
    const page = text === '' ? 1 : Number(text)
    if (/^\d*$/.test(text) && page >= 1 && page <= MAX_LIST_PAGE) return page
    this.#wrong('page', `page must be a whole number from 1 to ${MAX_LIST_PAGE}`)
    return 1
  }

  /** Whether a parameter is there and not empty. */
  has(name: string): boolean {
    return this.#last(name) !== ''
  }

  #last(name: string): string {
    return this.#params.getAll(name).at(-1) ?? ''
  }

  #wrong(name: string, text: string): void {
    this.#errors[name] = [...(this.#errors[name] ?? []), text]
  }
}
