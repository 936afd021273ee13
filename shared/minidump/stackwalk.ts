/**
 * The contract between the processor and the stackwalker, over RPC (processor → stackwalker Worker) and
 * over HTTP (stackwalker Worker → the Rust service in container/).
 */

/** What a stackwalk needs besides the minidump: the two annotations that stock reads from its "evil JSON". */
export interface StackwalkOptions {
  readonly crash_id: string
  readonly module_signature_info?: string
  readonly cpu_microcode_version?: string
  /** The crash has waited long enough for symbols whose index is being built: it is walked without them. */
  readonly accept_missing_symbols?: boolean
}

/** The header that carries {@link StackwalkOptions} as base64url JSON. */
export const STACKWALK_OPTIONS_HEADER = 'Mayday-Options'

/**
 * What became of one stackwalk request. `answered` holds the service's JSON document, a {@link StackwalkDocument};
 * it is a stream because it can be 32 MiB. All others are trouble of the platform: try again later.
 */
export type StackwalkAnswer =
  | { readonly kind: 'answered'; readonly body: ReadableStream<Uint8Array> }
  | { readonly kind: 'busy' }
  /** The symbol server has symbols of this dump whose index is being built: a walk now would be one without them. */
  | { readonly kind: 'symbols_indexing'; readonly retry_after_seconds: number }
  | { readonly kind: 'unavailable'; readonly reason: string }

/** The service's document: the stock JSON of a dump that could be walked, or the named status of one that could not. */
export type StackwalkDocument =
  | {
      readonly kind: 'walked'
      readonly stackwalk_version: string
      readonly json_dump: Record<string, unknown>
      /** Modules whose symbols the symbol server could not give for now. Above 0, another walk may give more names. */
      readonly symbols?: { readonly unavailable: number }
    }
  | { readonly kind: 'failed'; readonly status: string; readonly detail: string; readonly stackwalk_version?: string }

/** The RPC port of the stackwalker Worker. */
export interface StackwalkerRpc {
  /** Walks one minidump. It goes as a stream: a dump can be 50 MiB, and RPC carries 32 MiB by value. */
  walk(minidump: ReadableStream<Uint8Array>, options: StackwalkOptions): Promise<StackwalkAnswer>
  /** For heartbeats: rejects when no stackwalker service answers. */
  ping(): Promise<void>
}
