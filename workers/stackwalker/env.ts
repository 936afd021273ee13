import type { StackwalkerContainer } from './container.ts'

/** What the stackwalker may touch: its container and the symbols Worker. */
export interface Env {
  readonly CONTAINER: DurableObjectNamespace<StackwalkerContainer>
  readonly SYMBOLS_WORKER: Fetcher
  readonly STACKWALKER_URL?: string
}
