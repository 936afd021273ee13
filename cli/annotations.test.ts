import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { MAX_ANNOTATIONS_DOCUMENT_BYTES } from '#shared/limits.ts'
import { runCommandLine } from './program.ts'

async function check(text: string) {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'mayday-annotations-')), 'annotations.json')
  writeFileSync(file, text)
  const [out, err]: [string[], string[]] = [[], []]
  const code = await runCommandLine(['annotations', 'check', file], {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    interactive: false,
  })
  return { code, out, err }
}

describe('mayday annotations check', () => {
  it('says what follows from each entry of a good document', async () => {
    const { code, out } = await check(
      JSON.stringify({
        version: 1,
        annotations: [
          { name: 'RenderBackend', type: 'string', description: 'x', permission: 'public', reason: 'x' },
          { name: 'Scene', type: 'object', description: 'x', permission: 'protected' },
        ],
      }),
    )
    expect([code, ...out]).toEqual([
      0,
      'RenderBackend: string, public, key render_backend, search field of type str',
      'Scene: object, protected, key scene, not searched',
    ])
  })

  it('names every mistake by its entry', async () => {
    const { code, err } = await check(
      JSON.stringify({
        version: 1,
        annotations: [
          { name: 'Good', type: 'string', description: 'x', permission: 'protected' },
          { name: 'Bad', type: 'string', description: 'x', permission: 'public' },
          { name: 'Comments', type: 'string', description: 'x', permission: 'protected' },
        ],
      }),
    )
    expect(code).toBe(1)
    expect(err.slice(0, 2)).toEqual([
      'annotations.1.reason (Bad): a public annotation needs a reason',
      'annotations.2.name (Comments): Comments is built in and cannot be changed',
    ])
  })

  it.each(['{', ' '.repeat(MAX_ANNOTATIONS_DOCUMENT_BYTES + 1)])('refuses what is no document: %.10s', async (text) => {
    expect((await check(text)).code).toBe(1)
  })

  it('says so when there is no file', async () => {
    const err: string[] = []
    const terminal = { out: () => {}, err: (line: string) => err.push(line), interactive: false }
    expect(await runCommandLine(['annotations', 'check', '/nowhere/annotations.json'], terminal)).toBe(1)
    expect(err).toEqual(['Cannot read /nowhere/annotations.json (ENOENT).'])
  })
})
