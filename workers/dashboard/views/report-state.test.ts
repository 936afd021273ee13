import { describe, expect, it } from 'vitest'
import { parseCrashId } from '#shared/crash-id.ts'
import { reportState, stateHref } from './report-state.ts'

const crashId = parseCrashId('0bba929f-8721-460c-8e70-a43c95261123')
if (crashId === null) throw new Error('no crash id')
const state = (query: string) => reportState(crashId, new URLSearchParams(query))
const path = `/report/index/${crashId}`

describe('the state of a report page', () => {
  it('is read from the address, and what it does not know is ignored', () => {
    expect(state('tab=modules&thread=3&thread=7&thread=x&thread=-1&find=%20poll%20&other=1')).toEqual({
      crashId,
      tab: 'modules',
      open: new Set([3, 7]),
      sought: 'poll',
      set: null,
    })
    expect(state('tab=nothing').tab).toBe('crash')
    expect(state('thread=1&thread=all').open).toBe('all')
    expect(state(`find=${'x'.repeat(500)}`).sought).toHaveLength(200)
  })

  it('goes back into the address: tabs alone, threads with what was sought, the result set always', () => {
    expect(stateHref(state('tab=debug'))).toBe(path)
    expect(stateHref(state('thread=3&find=a'), { tab: 'modules' })).toBe(`${path}?tab=modules`)
    expect(stateHref(state('thread=3&find=a'), { open: 5 })).toBe(`${path}?find=a&thread=3&thread=5`)
    expect(stateHref(state('thread=3'), { open: 'all' })).toBe(`${path}?thread=all`)
    expect(stateHref(state('in=product%3DA&at=4'), { tab: 'raw' })).toBe(`${path}?tab=raw&in=product%3DA&at=4`)
  })
})
