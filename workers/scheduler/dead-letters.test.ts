import { describe, expect, it } from 'vitest'
import { createCrashId } from '#shared/crash-id.ts'
import type { RecordedIndex } from '#shared/db/symbol-indexes.ts'
import { consumeDeadLetters, type DeadMessage } from './dead-letters.ts'

/** A dead message that remembers whether it was acked or retried. */
function dead(body: unknown) {
  const message = { body, settled: 'open' }
  const handed: DeadMessage = {
    body,
    ack() {
      message.settled = 'acked'
    },
    retry() {
      message.settled = 'retried'
    },
  }
  return { message, handed }
}

function graveyard(options: { storeDown?: boolean } = {}) {
  const kept: [what: unknown, reason: string][] = []
  const keep = async (what: unknown, reason: string) => {
    if (options.storeDown === true) throw new Error('R2 is down')
    kept.push([what, reason])
  }
  const logged: string[] = []
  const deps = {
    crashStore: { recordFailure: keep },
    uploads: { fail: keep },
    indexes: {
      async record(indexes: readonly RecordedIndex[]) {
        for (const { objectKey, state } of indexes) await keep(objectKey, JSON.stringify(state))
      },
    },
    log: (_stage: string, outcome: string) => void logged.push(outcome),
  }
  return { kept, logged, deps }
}

const crashId = createCrashId(
  () => 0,
  (bytes) => crypto.getRandomValues(bytes),
)

describe('the dead-letter consumer', () => {
  it('keeps a crash as failed with its reason, and one without a reason as retries_exhausted', async () => {
    const { kept, deps } = graveyard()
    const told = dead({ v: 1, crash_id: crashId, tries: 5, first_seen: 1, reason: 'stackwalker_failed' })
    const silent = dead({ v: 1, crash_id: crashId, tries: 0, first_seen: 1 })
    await consumeDeadLetters([told.handed, silent.handed], deps)
    expect(kept).toEqual([
      [crashId, 'stackwalker_failed'],
      [crashId, 'retries_exhausted'],
    ])
    expect([told.message.settled, silent.message.settled]).toEqual(['acked', 'acked'])
  })

  it('keeps a symbol upload as failed', async () => {
    const { kept, deps } = graveyard()
    await consumeDeadLetters([dead({ v: 1, upload_id: 7, tries: 5, first_seen: 1, reason: 'bad_zip' }).handed], deps)
    expect(kept).toEqual([[7, 'bad_zip']])
  })

  it('keeps a sym file as one whose index failed', async () => {
    const { kept, deps } = graveyard()
    const object_key = 'v1/a.so/AB/a.so.sym'
    await consumeDeadLetters([dead({ v: 1, object_key, tries: 5, first_seen: 1, reason: 'R2 is down' }).handed], deps)
    expect(kept).toEqual([[object_key, '{"state":"failed","reason":"R2 is down"}']])
  })

  it('retries what could not be kept, and does not let it stop its neighbours', async () => {
    const { deps, logged } = graveyard({ storeDown: true })
    const crash = dead({ v: 1, crash_id: crashId, tries: 5, first_seen: 1 })
    const unreadable = dead('not ours')
    await consumeDeadLetters([crash.handed, unreadable.handed], deps)
    expect([crash.message.settled, unreadable.message.settled]).toEqual(['retried', 'acked'])
    expect(logged.toSorted()).toEqual(['dead_letter_retried', 'dead_message_unreadable'])
  })
})
