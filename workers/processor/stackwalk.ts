import { z } from 'zod'
import { DeadlineExceeded, withDeadline } from '#shared/deadline.ts'
import { MAX_STACKWALK_JSON_BYTES, STACKWALK_DEADLINE_MS } from '#shared/limits.ts'
import type {
  StackwalkAnswer,
  StackwalkDocument,
  StackwalkerRpc,
  StackwalkOptions,
} from '#shared/minidump/stackwalk.ts'
import type { Bucket } from '#shared/ports.ts'
import type { JsonValue, RawCrash } from '#shared/raw-crash.ts'
import { PRIMARY_DUMP_NAME } from '#shared/store/crash-keys.ts'
import { readDump } from '#shared/store/raw-crash-store.ts'
import { type CrashMemory, LargeCrashWaits } from './crash-memory.ts'

/** What became of one minidump. `failed`: the stackwalker named why; walking it again gives the same. */
export type DumpWalk = { readonly dumpName: string } & (
  | {
      readonly kind: 'walked'
      readonly stackwalkVersion: string
      readonly jsonDump: Record<string, unknown>
      /** Modules whose symbols the symbol server could not give, after all tries. */
      readonly unavailableSymbols: number
    }
  | { readonly kind: 'failed'; readonly status: string; readonly detail: string; readonly stackwalkVersion?: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'missing' }
)

/** Trouble of the platform: the same dump may well be walked later. */
export type StackwalkRetryReason =
  | 'stackwalker_busy'
  | 'stackwalker_unavailable'
  | 'symbols_unavailable'
  | 'symbols_indexing'

/** All minidumps of a crash, or why they could not be walked now. */
export type Stackwalks =
  | { readonly kind: 'done'; readonly walks: readonly DumpWalk[] }
  | { readonly kind: 'retry'; readonly reason: StackwalkRetryReason; readonly detail: string }
  | { readonly kind: 'failed'; readonly reason: 'stackwalk_unreadable' }

export interface StackwalkDeps {
  readonly crashes: Bucket
  readonly stackwalker: Pick<StackwalkerRpc, 'walk'>
  readonly memory: CrashMemory
  /** The symbols that are there must do. */
  readonly acceptsMissingSymbols: boolean
}

const documentSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('walked'),
    stackwalk_version: z.string(),
    json_dump: z.record(z.string(), z.unknown()),
    symbols: z.object({ unavailable: z.number() }).exactOptional(),
  }),
  z.object({
    kind: z.literal('failed'),
    status: z.string().max(100),
    detail: z.string(),
    stackwalk_version: z.string().exactOptional(),
  }),
]) satisfies z.ZodType<StackwalkDocument>

/**
 * Walks every minidump of the report, one after the other. Other dumps are attachments. Throws when R2 does not answer, and {@link LargeCrashWaits}
 * where the JSON is large and other large crashes are before this one.
 */
export async function stackwalk(
  rawCrash: RawCrash,
  dumpNames: readonly string[],
  deps: StackwalkDeps,
): Promise<Stackwalks> {
  const walks: DumpWalk[] = []
  for (const dumpName of dumpNames.filter((name) => name.startsWith(PRIMARY_DUMP_NAME))) {
    const walk = await walkDump(rawCrash, dumpName, deps)
    if (walk.kind === 'retry' || walk.kind === 'unreadable') {
      return walk.kind === 'retry' ? walk : { kind: 'failed', reason: 'stackwalk_unreadable' }
    }
    walks.push(walk)
  }
  return { kind: 'done', walks }
}

async function walkDump(
  rawCrash: RawCrash,
  dumpName: string,
  { crashes, stackwalker, memory, acceptsMissingSymbols }: StackwalkDeps,
): Promise<DumpWalk | Extract<Stackwalks, { kind: 'retry' }> | { readonly kind: 'unreadable' }> {
  const dump = await readDump(crashes, rawCrash.uuid, dumpName)
  if (dump.kind === 'missing') return { dumpName, kind: 'missing' }
  if (dump.bytes === 0) {
    await dump.body.cancel()
    return { dumpName, kind: 'empty' }
  }
  try {
    const answering = stackwalker
      .walk(dump.body, stackwalkOptions(rawCrash, acceptsMissingSymbols))
      .then((answer) => documentOf(answer, memory))
    const document = await withDeadline('stackwalker', STACKWALK_DEADLINE_MS, answering)
    switch (document.kind) {
      case 'walked': {
        const unavailableSymbols = document.symbols?.unavailable ?? 0
        if (unavailableSymbols > 0 && !acceptsMissingSymbols) {
          return { kind: 'retry', reason: 'symbols_unavailable', detail: `${unavailableSymbols} modules` }
        }
        const { stackwalk_version: stackwalkVersion, json_dump: jsonDump } = document
        return { dumpName, kind: 'walked', stackwalkVersion, jsonDump, unavailableSymbols }
      }
      case 'failed': {
        const { status, detail, stackwalk_version: stackwalkVersion } = document
        return {
          dumpName,
          kind: 'failed',
          status,
          detail,
          ...(stackwalkVersion === undefined ? {} : { stackwalkVersion }),
        }
      }
      case 'unreadable':
        return { kind: 'unreadable' }
      case 'busy':
        return { kind: 'retry', reason: 'stackwalker_busy', detail: '' }
      case 'symbols_indexing':
        return { kind: 'retry', reason: 'symbols_indexing', detail: `${document.retry_after_seconds} s` }
      case 'unavailable':
        return { kind: 'retry', reason: 'stackwalker_unavailable', detail: document.reason }
    }
  } catch (thrown) {
    if (thrown instanceof LargeCrashWaits) throw thrown
    // A call that breaks says nothing about the dump: the service names what a dump did to it.
    const detail = thrown instanceof DeadlineExceeded ? 'deadline' : thrown instanceof Error ? thrown.name : 'unknown'
    return { kind: 'retry', reason: 'stackwalker_unavailable', detail }
  }
}

/** The two annotations that the stackwalker reads. ModuleSignatureInfo is an object in a JSON `extra`, text elsewhere. */
function stackwalkOptions({ uuid, annotations }: RawCrash, acceptsMissingSymbols: boolean): StackwalkOptions {
  const moduleSignatureInfo = asText(annotations.ModuleSignatureInfo)
  const microcodeVersion = asText(annotations.CPUMicrocodeVersion)
  return {
    crash_id: uuid,
    ...(moduleSignatureInfo === null ? {} : { module_signature_info: moduleSignatureInfo }),
    ...(microcodeVersion === null ? {} : { cpu_microcode_version: microcodeVersion }),
    ...(acceptsMissingSymbols ? { accept_missing_symbols: true } : {}),
  }
}

function asText(value: JsonValue | undefined): string | null {
  if (value === undefined || value === null) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

type HeardAnswer = StackwalkDocument | Exclude<StackwalkAnswer, { kind: 'answered' }> | { readonly kind: 'unreadable' }

async function documentOf(answer: StackwalkAnswer, memory: CrashMemory): Promise<HeardAnswer> {
  if (answer.kind !== 'answered') return answer
  const json = await heldText(answer.body, memory)
  if (json === null) {
    return {
      kind: 'failed',
      status: 'StackwalkOutputTooLarge',
      detail: `the crash has more than ${MAX_STACKWALK_JSON_BYTES} bytes of JSON`,
    }
  }
  const parsed = documentSchema.safeParse(parsedJson(json))
  return parsed.success ? parsed.data : { kind: 'unreadable' }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The stream's text, or null as soon as the crash would hold more than it may. */
async function heldText(stream: ReadableStream<Uint8Array>, memory: CrashMemory): Promise<string | null> {
  const decoder = new TextDecoder()
  const parts: string[] = []
  for await (const chunk of stream) {
    if ((await memory.hold(chunk.byteLength)) === 'too_large') return null
    parts.push(decoder.decode(chunk, { stream: true }))
  }
  return parts.join('') + decoder.decode()
}
