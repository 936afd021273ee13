import { describe, expect, it } from 'vitest'
import { askStages, type StageFetcher } from './heartbeat.ts'

const answering = (status: number, body: unknown): StageFetcher => ({
  fetch: async () => Response.json(body, { status }),
})

describe('the fleet heartbeat', () => {
  it('names the stage of every error and warning', async () => {
    const report = await askStages({
      collector: answering(503, { errors: [{ name: 'R2 CRASHES', msg: 'down' }], warnings: [] }),
      stackwalker: answering(200, { errors: [], warnings: [{ name: 'service', msg: 'not started' }] }),
    })
    expect(report).toEqual({
      errors: [{ name: 'collector.R2 CRASHES', msg: 'down' }],
      warnings: [{ name: 'stackwalker.service', msg: 'not started' }],
    })
  })

  it('takes a stage that answers something else, or throws, as an error of that stage', async () => {
    const report = await askStages({
      search: answering(200, 'hello'),
      symbols: { fetch: () => Promise.reject(new Error('no such service')) },
    })
    expect(report.errors.map(({ name }) => name)).toEqual(['search', 'symbols'])
    expect(report.errors[1]?.msg).toContain('no such service')
  })

  it('does not wait for a stage that never answers', async () => {
    const report = await askStages({ processor: { fetch: () => new Promise(() => {}) } })
    expect(report.errors[0]?.msg).toContain('did not answer')
  })
})
