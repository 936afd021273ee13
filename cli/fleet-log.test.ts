import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { isTrouble, logTail, openFleetLog, parseLogLine } from './fleet-log.ts'

describe('a line of the fleet', () => {
  it.each([
    [
      '[mayday-collector] {"stage":"collector","outcome":"accepted"}',
      { from: 'mayday-collector', stage: 'collector', outcome: 'accepted' },
    ],
    ['[wrangler:info] GET /x 200 OK (9ms)', { from: 'wrangler:info', text: 'GET /x 200 OK (9ms)' }],
    ['\u001b[31m✘ \u001b[41;31m[ERROR]\u001b[0m no', { from: 'wrangler', text: '✘ [ERROR] no' }],
    ['{"broken', { from: 'wrangler', text: '{"broken' }],
    ['[1,2]', { from: 'wrangler', text: '[1,2]' }],
  ])('%s is read', (line, expected) => {
    expect(parseLogLine('wrangler', line)).toEqual(expected)
  })

  it.each([
    'env.SUBMITTER_TOKEN ("secret")         Environment Variable      local',
    'Binding                                Resource                  Mode',
    'mayday-search has access to the following bindings:',
  ])('is kept out of the log when it may show a secret: %s', (line) => {
    expect(parseLogLine('wrangler', line)).toBeNull()
  })

  it('is nothing when it is blank', () => {
    expect(parseLogLine('wrangler', ' \u001b[0m ')).toBeNull()
  })

  it('is trouble when a Worker died or wrangler failed, not when a request was served', () => {
    expect(isTrouble({ from: 'wrangler:error', text: 'Error: boom' })).toBe(true)
    expect(isTrouble({ from: 'wrangler', text: '✘ [ERROR] Build failed' })).toBe(true)
    expect(isTrouble({ from: 'wrangler:info', text: 'GET /error 500' })).toBe(false)
    expect(isTrouble({ from: 'mayday-collector', outcome: 'refused' })).toBe(false)
    const drained = '✘ [ERROR] Failed to drain the unused request body. TypeError: This ReadableStream is locked.'
    expect(isTrouble({ from: 'wrangler', text: drained })).toBe(false)
  })
})

describe('the log of a fleet', () => {
  it('is JSON lines with their time, and shows the same trouble once a minute', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'mayday-log-'))
    const file = path.join(folder, 'logs', 'fleet.log')
    const shown: string[] = []
    let nowMs = Date.UTC(2026, 10, 23)
    const log = openFleetLog(
      file,
      () => nowMs,
      (text) => shown.push(text),
    )
    log.write('wrangler', '[wrangler:error] Error: boom')
    nowMs += 59_999
    log.write('wrangler', '[wrangler:error] Error: boom')
    expect(shown).toEqual(['wrangler:error: Error: boom'])
    nowMs += 1
    log.write('wrangler', '[wrangler:error] Error: boom')
    expect(shown).toHaveLength(2)
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      time: '2026-11-23T00:00:00.000Z',
      from: 'wrangler:error',
      text: 'Error: boom',
    })
    expect(lines).toHaveLength(3)
    expect(logTail(file, 1)).toBe(lines[2])
    rmSync(folder, { recursive: true })
  })
})
