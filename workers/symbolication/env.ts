/** What the symbolication Worker may touch: the symbols Worker, where misses are counted. */
export interface Env {
  readonly SYMBOLS_WORKER: Fetcher
}
