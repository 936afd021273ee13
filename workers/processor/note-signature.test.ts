import { describe, expect, it } from 'vitest'
import { systemRandomBytes } from '#shared/clock.ts'
import { createCrashId } from '#shared/crash-id.ts'
import type { RawCrashMetadata } from '#shared/raw-crash.ts'
import type { Alike } from '#shared/throttle/duplicates-port.ts'
import { noteSignature } from './note-signature.ts'

const FINGERPRINT = 'ab'.repeat(16)

/** Tells a signature to a collector that answers or fails; answers what it heard and what was logged. */
async function tell(metadata: Partial<RawCrashMetadata>, signature: unknown = 'main', trouble?: Error) {
  const heard: [Alike, string, string][] = []
  const logged: string[] = []
  const deferred: Promise<unknown>[] = []
  const uuid = createCrashId(() => 0, systemRandomBytes)
  noteSignature(
    { annotations: {}, uuid, submitted_timestamp: '', metadata: { collector_notes: [], ...metadata } },
    signature,
    {
      duplicates: {
        noteSignature: async (...told) => {
          if (trouble !== undefined) throw trouble
          heard.push(told)
        },
      },
      lists: 'lists 1',
      defer: (work) => void deferred.push(work),
      log: (_stage, outcome) => logged.push(outcome),
    },
  )
  await Promise.all(deferred)
  return { heard, logged }
}

describe('noteSignature', () => {
  it('tells the signature to where the fingerprint is counted', async () => {
    const { heard } = await tell({ fingerprint: FINGERPRINT, continent: 'OC' })
    expect(heard).toEqual([[{ fingerprint: FINGERPRINT, continent: 'OC' }, 'main', 'lists 1']])
  })

  it.each([
    ['is not counted', { fingerprint: FINGERPRINT }, 'main'],
    ['has no fingerprint', { continent: 'EU' }, 'main'],
    ['has no signature', { fingerprint: FINGERPRINT, continent: 'EU' }, null],
  ])('tells nothing of a crash that %s', async (_, metadata, signature) => {
    expect((await tell(metadata, signature)).heard).toEqual([])
  })

  it('takes a failure for what it is: somebody else tells it later', async () => {
    const { logged } = await tell({ fingerprint: FINGERPRINT, continent: 'EU' }, 'main', new Error('down'))
    expect(logged).toEqual(['signature_untold'])
  })
})
