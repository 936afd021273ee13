import { createHash } from 'node:crypto'
import { utcDay } from '#shared/clock.ts'
import { type CrashId, parseCrashId } from '#shared/crash-id.ts'

/**
 * The crash id of a ping: always the same for a document sent on one day, so that a ping that comes twice is counted once. Its last six digits are that
 * day's, as in every crash id; without a day of its own a ping counts on the day it is received.
 */
export function pingCrashId(documentId: string, submittedAtMs: number): CrashId {
  const hex = createHash('sha256').update(new TextEncoder().encode(documentId)).digest('hex')
  const day = utcDay(submittedAtMs).slice(2)
  const text = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 25)}0${day}`
  const crashId = parseCrashId(text)
  if (crashId === null) throw new Error(`${text} is no crash id`)
  return crashId
}
