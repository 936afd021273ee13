import { describe, expect, it } from 'vitest'
import { parseCrashId } from '#shared/crash-id.ts'
import { PRIORITY_RESEND_MS } from '#shared/limits.ts'
import type { CrashMessage } from '#shared/messages.ts'
import { crashPriority } from './crash-priority.ts'

function crashId(first: string) {
  const id = parseCrashId(`${first}-58be-4f2e-9f3b-0ab7b0261123`)
  if (id === null) throw new Error('not a crash id')
  return id
}

function rig() {
  const sent: CrashMessage[] = []
  const state = { nowMs: 1_000_000, fails: false }
  const priority = crashPriority({
    queue: {
      send: async (message) => {
        if (state.fails) throw new Error('queue is down')
        sent.push(message)
      },
    },
    clock: () => state.nowMs,
    log: () => {},
  })
  return { sent, state, priority }
}

describe('crashPriority', () => {
  it('sends a crash at most once in 60 s, each crash for itself', async () => {
    const { sent, state, priority } = rig()
    const [one, two] = [crashId('00000001'), crashId('00000002')]
    await priority.ask(one)
    await priority.ask(one)
    state.nowMs += PRIORITY_RESEND_MS - 1
    await priority.ask(one)
    await priority.ask(two)
    expect(sent.map(({ crash_id }) => crash_id)).toEqual([one, two])
    state.nowMs += 1
    await priority.ask(one)
    expect(sent.map(({ crash_id }) => crash_id)).toEqual([one, two, one])
    expect(sent[0]).toEqual({ v: 1, crash_id: one, tries: 0, first_seen: 1_000_000 })
  })

  it('does not fail the page when the queue does, and tries again at the next request', async () => {
    const { sent, state, priority } = rig()
    state.fails = true
    await priority.ask(crashId('00000001'))
    state.fails = false
    await priority.ask(crashId('00000001'))
    expect(sent).toHaveLength(1)
  })
})
