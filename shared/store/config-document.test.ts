import { describe, expect, it } from 'vitest'
import { annotationSource } from '../annotations/annotation-source.ts'
import { CONFIG_REFRESH_MS, MAX_ANNOTATIONS_DOCUMENT_BYTES } from '../limits.ts'

const documentOf = (name: string) =>
  JSON.stringify({
    version: 1,
    annotations: [
      { name, type: 'string', permission: 'public', reason: 'x', description: 'x', key: name.toLowerCase() },
    ],
  })

/** A bucket in memory that can be down, and sources that read it, each as an isolate of its own. */
function rig() {
  const objects = new Map<string, string>()
  const at = { nowMs: 0, isDown: false, reads: 0 }
  const log: string[] = []
  const config = {
    async get(key: string) {
      at.reads += 1
      if (at.isDown) throw new Error('R2 is down')
      const text = objects.get(key)
      if (text === undefined) return null
      return { etag: text, size: text.length, body: { cancel: async () => {} }, text: async () => text }
    },
    async put(key: string, value: string) {
      objects.set(key, value)
    },
  }
  const isolate = (keepsLastGood = true) => {
    const source = annotationSource({
      config,
      stage: 'test',
      keepsLastGood,
      clock: () => at.nowMs,
      log: (stage, outcome, fields) => log.push(JSON.stringify({ stage, outcome, ...fields })),
    })
    const names = async () => (await source.current())?.document.annotations.map(({ name }) => name)
    return { source, names }
  }
  const write = (json: string) => objects.set('annotations.json', json)
  return { objects, at, log, isolate, write }
}

describe('annotations.json', () => {
  it('counts within a minute, without a deploy, and no longer when it is gone', async () => {
    const { at, objects, write, isolate } = rig()
    const { names } = isolate()
    expect(await names()).toEqual([])
    write(documentOf('Level'))
    at.nowMs = CONFIG_REFRESH_MS - 1
    expect(await names()).toEqual([])
    at.nowMs = CONFIG_REFRESH_MS
    expect(await names()).toEqual(['Level'])
    objects.delete('annotations.json')
    at.nowMs = 2 * CONFIG_REFRESH_MS
    expect(await names()).toEqual([])
  })

  it.each([
    ['{', '(document)'],
    [documentOf('Comments'), 'annotations.0.name'],
    [' '.repeat(MAX_ANNOTATIONS_DOCUMENT_BYTES + 1), '(document)'],
  ])('that is wrong stops nothing: the one before stays, and one log line says where: %.50s', async (json, path) => {
    const { at, log, write, isolate } = rig()
    const { names, source } = isolate()
    write(documentOf('Level'))
    await names()
    write(json)
    for (const minute of [1, 2, 3]) {
      at.nowMs = minute * CONFIG_REFRESH_MS
      expect(await names()).toEqual(['Level'])
    }
    expect(log.length).toBe(1)
    expect(log[0]).toContain(`"path":"${path}"`)
    expect(source.problem()).toContain(`annotations.json: ${path}`)
    write(documentOf('Mended'))
    at.nowMs = 4 * CONFIG_REFRESH_MS
    expect(await names()).toEqual(['Mended'])
    expect(source.problem()).toBeNull()
  })

  it('that is wrong leaves the last good one to isolates that start now, or what is built in', async () => {
    const { objects, write, isolate } = rig()
    write(documentOf('Level'))
    await isolate().names()
    write('{')
    expect(await isolate().names()).toEqual(['Level'])
    expect(await isolate(false).names()).toEqual(['Level'])
    objects.delete('annotations.last_good.json')
    expect(await isolate().names()).toEqual([])
  })

  it('is unknown until CONFIG has answered once; then what is known stays', async () => {
    const { at, log, write, isolate } = rig()
    write(documentOf('Level'))
    at.isDown = true
    const { names } = isolate()
    expect(await names()).toBeUndefined()
    at.isDown = false
    expect(await names()).toEqual(['Level'])
    at.isDown = true
    at.nowMs = CONFIG_REFRESH_MS
    expect(await names()).toEqual(['Level'])
    expect(log.filter((line) => line.includes('annotations_unavailable')).length).toBe(2)
  })

  it('is read once for all that ask at once', async () => {
    const { at, write, isolate } = rig()
    write(documentOf('Level'))
    const { names } = isolate(false)
    expect(await Promise.all([names(), names(), names()])).toEqual([['Level'], ['Level'], ['Level']])
    expect(at.reads).toBe(1)
  })
})
