import { describe, expect, it, vi } from 'vitest'
import { CONFIG_PATIENCE_MS, CONFIG_REFRESH_MS } from '../limits.ts'
import { ACCEPT_EVERYTHING, MOZILLA } from './built-in-rulesets.ts'
import { rulesetSource } from './ruleset-source.ts'

const documentOf = (name: string, op = 'present') =>
  JSON.stringify({ version: 1, name, rules: [{ name: 'a', when: { annotation: 'A', op }, result: 'accept' }] })

/** CONFIG in memory, which can be down or hang, and isolates that read it. */
function rig() {
  const objects = new Map<string, string>()
  const at: { nowMs: number; is: 'up' | 'down' | 'hanging'; reads: number } = { nowMs: 0, is: 'up', reads: 0 }
  const log: string[] = []
  const config = {
    async get(key: string) {
      at.reads += 1
      if (at.is === 'down') throw new Error('R2 is down')
      if (at.is === 'hanging') return new Promise<null>(() => undefined)
      const text = objects.get(key)
      if (text === undefined) return null
      return { etag: text, size: text.length, body: { cancel: async () => {} }, text: async () => text }
    },
    async put(key: string, value: string) {
      objects.set(key, value)
    },
  }
  const isolate = (builtIn = ACCEPT_EVERYTHING) => {
    const source = rulesetSource(builtIn, {
      ...{ config, stage: 'collector', keepsLastGood: true, clock: () => at.nowMs },
      log: (_stage, outcome, fields) => log.push(JSON.stringify({ outcome, ...fields })),
    })
    return { source, name: async () => (await source.current((work) => void work)).name }
  }
  return { objects, at, log, isolate, write: (json: string) => objects.set('throttle.json', json) }
}

describe('throttle.json', () => {
  it('replaces the built-in ruleset within a minute, without a deploy, and gives it back when it is gone', async () => {
    const { at, objects, write, isolate } = rig()
    const { name } = isolate(MOZILLA)
    expect(await name()).toBe('mozilla')
    write(documentOf('ours'))
    at.nowMs = CONFIG_REFRESH_MS - 1
    expect(await name()).toBe('mozilla')
    at.nowMs = CONFIG_REFRESH_MS
    expect(await name()).toBe('ours')
    objects.delete('throttle.json')
    at.nowMs = 2 * CONFIG_REFRESH_MS
    expect(await name()).toBe('mozilla')
  })

  it('with a mistake stops nothing: the last good one holds, one log line points at the rule', async () => {
    const { at, log, write, isolate } = rig()
    const { name, source } = isolate()
    write(documentOf('good'))
    await name()
    write(documentOf('bad', 'presnt'))
    for (const minute of [1, 2, 3]) {
      at.nowMs = minute * CONFIG_REFRESH_MS
      expect(await name()).toBe('good')
    }
    expect(log).toHaveLength(1)
    expect(JSON.parse(log[0] ?? '')).toMatchObject({ outcome: 'throttle_malformed', path: 'rules[0] "a": when.op' })
    expect(source.problem()).toMatch(/^throttle\.json: rules\[0\] "a": when\.op: unknown operator "presnt"; one of/)
    // An isolate that starts now has the last good one too.
    expect(await isolate(MOZILLA).name()).toBe('good')
    write(documentOf('mended'))
    at.nowMs = 4 * CONFIG_REFRESH_MS
    expect([await name(), source.problem()]).toEqual(['mended', null])
  })

  it('with a mistake from the start leaves the built-in ruleset in force', async () => {
    const { write, isolate } = rig()
    write('{')
    expect(await isolate(MOZILLA).name()).toBe('mozilla')
  })

  it('that cannot be read leaves the one before in force, or the built-in', async () => {
    const { at, log, write, isolate } = rig()
    write(documentOf('ours'))
    const old = isolate()
    await old.name()
    at.is = 'down'
    at.nowMs = CONFIG_REFRESH_MS
    const young = isolate(MOZILLA)
    expect([await old.name(), await young.name()]).toEqual(['ours', 'mozilla'])
    // Once it failed, reports do not wait for it for a while, however slow it gets.
    at.is = 'hanging'
    expect(await young.name()).toBe('mozilla')
    expect(log.join()).not.toContain('throttle_late')
  })

  it('that hangs is waited for once, briefly, and read when CONFIG is back', async () => {
    vi.useFakeTimers()
    try {
      const { at, log, write, isolate } = rig()
      write(documentOf('ours'))
      at.is = 'hanging'
      const { name } = isolate(MOZILLA)
      const first = name()
      await vi.advanceTimersByTimeAsync(CONFIG_PATIENCE_MS)
      expect(await first).toBe('mozilla')
      // No timer needs to run for the next report.
      expect(await name()).toBe('mozilla')
      expect(log.filter((line) => line.includes('throttle_late'))).toHaveLength(1)
      at.is = 'up'
      await vi.advanceTimersByTimeAsync(60_000)
      await name()
      await vi.advanceTimersByTimeAsync(1)
      expect(await name()).toBe('ours')
    } finally {
      vi.useRealTimers()
    }
  })
})
