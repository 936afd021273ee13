/** The stages behind the one origin. The gateway touches no data. */
export interface Env {
  readonly COLLECTOR: Fetcher
  readonly PROCESSOR: Fetcher
  readonly STACKWALKER: Fetcher
  readonly SYMBOLS: Fetcher
  readonly INDEXER: Fetcher
  readonly SYMBOLICATION: Fetcher
  readonly SEARCH: Fetcher
  readonly DASHBOARD: Fetcher
  readonly SCHEDULER: Fetcher
  /** The scheduler's RPC entrypoint. */
  readonly CRON: { run(cron: string, scheduledTimeMs: number): Promise<void> }
  readonly MAYDAY_VERSION?: string
}
