import { describe, expect, it } from 'vitest'
import { type CrashId, parseCrashId } from '../crash-id.ts'
import {
  crashIdOfRawCrashKey,
  dumpKey,
  dumpNamesKey,
  failedCrashKey,
  processedCrashKey,
  rawCrashKey,
  rawCrashPrefix,
} from './crash-keys.ts'

const ID = '00112233-4455-4677-8899-aabbc0261123'

function crashId(): CrashId {
  const id = parseCrashId(ID)
  if (id === null) throw new Error('not a crash id')
  return id
}

describe('the keys of a crash', () => {
  it('are Socorro’s', () => {
    expect(rawCrashKey(crashId())).toBe(`v1/raw_crash/20261123/${ID}`)
    expect(dumpKey(crashId(), 'upload_file_minidump')).toBe(`v1/dump/${ID}`)
    expect(dumpKey(crashId(), 'memory_report')).toBe(`v1/memory_report/${ID}`)
    expect(dumpNamesKey(crashId())).toBe(`v1/dump_names/${ID}`)
    expect(processedCrashKey(crashId())).toBe(`v1/processed_crash/${ID}`)
    expect(failedCrashKey(crashId())).toBe(`v1/failed_crash/${ID}`)
  })

  it('lead back from a raw crash to its id, and from nothing else', () => {
    expect(rawCrashKey(crashId()).startsWith(rawCrashPrefix('20261123'))).toBe(true)
    expect(crashIdOfRawCrashKey(rawCrashKey(crashId()))).toBe(ID)
    expect(crashIdOfRawCrashKey(`v1/raw_crash/20261124/${ID}`)).toBeNull()
    expect(crashIdOfRawCrashKey(processedCrashKey(crashId()))).toBeNull()
    expect(crashIdOfRawCrashKey('v1/raw_crash/20261123/x')).toBeNull()
  })
})
