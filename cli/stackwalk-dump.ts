import { readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { MAX_REPORT_INFLATED_BYTES } from '#shared/limits.ts'
import { STACKWALK_OPTIONS_HEADER } from '#shared/minidump/stackwalk.ts'
import { errorCode } from './error-code.ts'
import { connectionText } from './submit.ts'

/** What became of one dump. `status`: the stackwalker's own (container/README.md), or a {@link WalkFailure}. */
export type WalkedDump =
  | {
      readonly kind: 'walked'
      readonly jsonDump: Record<string, unknown>
      /** Modules whose symbols the symbol server could not give. */
      readonly unavailable: number
    }
  | { readonly kind: 'failed'; readonly status: string; readonly detail: string }

/** Why a dump did not get as far as the stackwalker's own statuses. */
type WalkFailure = 'UnreadableFile' | 'DumpTooLarge' | 'StackwalkerFailed'

/** The stackwalker kills a walk at 60 s; what takes longer hangs. */
const WALK_DEADLINE_MS = 90_000
/** Symbols whose index is being built are waited for this long in all, as the processor does. */
const INDEXING_DEADLINE_MS = 10 * 60_000
const BUSY_PAUSE_SECONDS = 2

const answerSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('walked'),
    json_dump: z.record(z.string(), z.unknown()),
    symbols: z.object({ unavailable: z.number() }).default({ unavailable: 0 }),
  }),
  z.object({ kind: z.literal('failed'), status: z.string(), detail: z.string() }),
  z.object({ kind: z.literal('refused'), reason: z.string(), detail: z.string() }),
  z.object({ kind: z.literal('busy') }),
  z.object({ kind: z.literal('unavailable'), reason: z.string(), retry_after_seconds: z.number().optional() }),
])

/** Walks a dump file with the stackwalker that listens at `url`. `onWait` hears once that it waits for symbols. */
export async function walkDump(url: string, file: string, onWait: (text: string) => void): Promise<WalkedDump> {
  let dump: Uint8Array<ArrayBuffer>
  try {
    const { size } = statSync(file)
    if (size > MAX_REPORT_INFLATED_BYTES)
      return failed('DumpTooLarge', `it has more than ${MAX_REPORT_INFLATED_BYTES} bytes`)
    dump = new Uint8Array(readFileSync(file))
  } catch (thrown) {
    return failed('UnreadableFile', errorCode(thrown))
  }
  const endMs = performance.now() + INDEXING_DEADLINE_MS
  let isLate = false
  let isWaiting = false
  for (;;) {
    const answer = await postDump(url, dump, isLate)
    if (typeof answer === 'string') return failed('StackwalkerFailed', answer)
    switch (answer.kind) {
      case 'walked':
        return { kind: 'walked', jsonDump: answer.json_dump, unavailable: answer.symbols.unavailable }
      case 'failed':
        return { kind: 'failed', status: answer.status, detail: answer.detail }
      case 'refused':
        return failed('StackwalkerFailed', `${answer.reason}: ${answer.detail}`)
      case 'busy':
        if (isLate) return failed('StackwalkerFailed', 'busy')
        break
      case 'unavailable':
        if (answer.reason !== 'symbols_indexing' || isLate) return failed('StackwalkerFailed', answer.reason)
        if (!isWaiting) onWait('waiting for symbols whose index is being built')
        isWaiting = true
        break
    }
    isLate = performance.now() > endMs
    const pause = answer.kind === 'unavailable' ? answer.retry_after_seconds : undefined
    await sleep((pause ?? BUSY_PAUSE_SECONDS) * 1_000)
  }
}

/** The answer, or why there is none in words. */
async function postDump(
  url: string,
  dump: Uint8Array<ArrayBuffer>,
  acceptMissing: boolean,
): Promise<z.infer<typeof answerSchema> | string> {
  const options = Buffer.from(JSON.stringify({ accept_missing_symbols: acceptMissing })).toString('base64url')
  try {
    const response = await fetch(`${url}/stackwalk`, {
      method: 'POST',
      headers: { [STACKWALK_OPTIONS_HEADER]: options },
      body: dump,
      signal: AbortSignal.timeout(WALK_DEADLINE_MS),
    })
    const parsed = answerSchema.safeParse(await response.json())
    return parsed.success ? parsed.data : `it answered HTTP ${response.status} in an unknown form`
  } catch (thrown) {
    return connectionText(thrown)
  }
}

function failed(status: WalkFailure, detail: string): WalkedDump {
  return { kind: 'failed', status, detail }
}
