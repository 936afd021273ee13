import { describe, expect, it } from 'vitest'
import { createCrashId } from '#shared/crash-id.ts'
import { type Answer, answerResponse } from './answer.ts'

const crashId = createCrashId(
  () => Date.UTC(2026, 10, 23),
  (bytes) => bytes.fill(0xab),
)
const lines = { rule: 'r', answerForm: 'key_values', endOfLifeVersion: null } as const
const bare = { ...lines, answerForm: 'bare_id' } as const

describe('what the client hears', () => {
  it.each<[Answer, number, string]>([
    [{ kind: 'accepted', crashId, ...lines }, 200, `CrashID=bp-${crashId}\n`],
    [{ kind: 'resend', crashId, ...lines }, 200, `CrashID=bp-${crashId}\n`],
    [{ kind: 'fake_accepted', crashId, ...lines }, 200, `CrashID=bp-${crashId}\n`],
    [{ kind: 'accepted', crashId, ...bare }, 200, crashId],
    [{ kind: 'resend', crashId, ...bare }, 200, crashId],
    [{ kind: 'rejected', ...lines }, 200, 'Discarded=rule_r'],
    [{ kind: 'rejected', ...bare }, 200, 'Discarded=rule_r'],
    [{ kind: 'malformed', reason: 'bad_gzip' }, 400, 'Discarded=malformed_bad_gzip'],
    [{ kind: 'unauthorized_uuid' }, 401, 'Discarded=unauthorized_uuid'],
    [{ kind: 'refused', reason: 'body_too_large' }, 413, 'Discarded=body_too_large'],
    [{ kind: 'refused', reason: 'inflated_too_large' }, 413, 'Discarded=inflated_too_large'],
    [{ kind: 'refused', reason: 'body_timeout' }, 408, 'Discarded=body_timeout'],
    [{ kind: 'unavailable', reason: 'too_many_bytes_in_flight' }, 503, ''],
    [{ kind: 'unavailable', reason: 'save_failed' }, 503, ''],
  ])('of %j is %i %j', async (answer, status, body) => {
    const response = answerResponse(answer)
    expect([response.status, await response.text()]).toEqual([status, body])
    expect(response.headers.get('Content-Type')).toBe('text/plain')
    // A client keeps its report for later only where there is no Discarded line.
    expect(response.headers.get('Retry-After')).toBe(status === 503 ? '60' : null)
  })
})
