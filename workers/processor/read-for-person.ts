import type { CrashId } from '#shared/crash-id.ts'
import { MAX_PAGE_JSON_BYTES } from '#shared/limits.ts'
import { machineProblems } from '#shared/machine-signs.ts'
import type { Bucket } from '#shared/ports.ts'
import { readFailure, savedAtMs } from '#shared/store/crash-states.ts'
import type { PersonReading } from '#shared/store/crash-store.ts'
import { readProcessedCrash } from '#shared/store/processed-crash-store.ts'

/**
 * What the person whose program crashed may know of the crash: the signs are read here, so that no value of it leaves. Throws when R2 does not answer.
 */
export async function readForPerson(crashes: Bucket, crashId: CrashId): Promise<PersonReading> {
  const processed = await readProcessedCrash(crashes, crashId, admitSmall).catch((thrown) => {
    if (thrown instanceof TooLarge) return thrown
    throw thrown
  })
  if (processed instanceof TooLarge) return { kind: 'processed', problems: [] }
  if (processed.kind === 'found') return { kind: 'processed', problems: machineProblems(JSON.parse(processed.json)) }
  const [saved, failure] = await Promise.all([savedAtMs(crashes, crashId), readFailure(crashes, crashId)])
  if (saved === null) return { kind: 'unknown' }
  return failure === null ? { kind: 'received', savedAtMs: saved } : { kind: 'failed' }
}

/** A processed crash that is not worth the memory: endless stacks come from the program, not from the computer. */
class TooLarge extends Error {}

async function admitSmall(bytes: number): Promise<void> {
  if (bytes > MAX_PAGE_JSON_BYTES) throw new TooLarge()
}
