import { truncateSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MAX_REPORT_INFLATED_BYTES } from '#shared/limits.ts'
import { walkDump } from './stackwalk-dump.ts'

let folder: string
let dump: string
let server: Server
let url: string
/** What the stackwalker answers, one after the other, and the options that it was sent. */
let answers: { status: number; body: unknown }[]
let options: unknown[]

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mayday-walk-'))
  dump = path.join(folder, 'a.dmp')
  await writeFile(dump, 'MDMP')
  answers = []
  options = []
  server = createServer((request, answer) => {
    const header = String(request.headers['mayday-options'])
    options.push(JSON.parse(Buffer.from(header, 'base64url').toString()))
    const { status, body } = answers.shift() ?? { status: 500, body: 'no more' }
    answer.writeHead(status).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true })
})

const walk = (file = dump) => walkDump(url, file, (text) => waited.push(text))
let waited: string[] = []
beforeEach(() => {
  waited = []
})

describe('walkDump', () => {
  it('waits for symbols whose index is being built, and says so', async () => {
    const indexing = { kind: 'unavailable', reason: 'symbols_indexing', retry_after_seconds: 0 }
    const walked = { kind: 'walked', json_dump: { pid: 1 }, symbols: { unavailable: 2 } }
    answers = [
      { status: 503, body: indexing },
      { status: 503, body: indexing },
      { status: 200, body: walked },
    ]
    expect(await walk()).toEqual({ kind: 'walked', jsonDump: { pid: 1 }, unavailable: 2 })
    expect(waited).toHaveLength(1)
    expect(options).toEqual(Array(3).fill({ accept_missing_symbols: false }))
  })

  it.each([
    [{ kind: 'failed', status: 'MissingHeader', detail: 'empty?' }, 'MissingHeader', 'empty?'],
    [{ kind: 'refused', reason: 'body_too_large', detail: 'much' }, 'StackwalkerFailed', 'body_too_large: much'],
    [{ kind: 'unavailable', reason: 'shutting_down' }, 'StackwalkerFailed', 'shutting_down'],
    [{ kind: 'other' }, 'StackwalkerFailed', 'it answered HTTP 200 in an unknown form'],
  ])('names what went wrong: %j', async (body, status, detail) => {
    answers = [{ status: 200, body }]
    expect(await walk()).toEqual({ kind: 'failed', status, detail })
  })

  it('names a file that cannot be read, one that is too large, and a stackwalker that is gone', async () => {
    expect(await walk(path.join(folder, 'none'))).toMatchObject({ status: 'UnreadableFile', detail: 'ENOENT' })
    expect(await walk(folder)).toMatchObject({ status: 'UnreadableFile' })
    truncateSync(dump, MAX_REPORT_INFLATED_BYTES + 1)
    expect(await walk()).toMatchObject({ status: 'DumpTooLarge' })
    expect(options).toEqual([])
    truncateSync(dump, 4)
    expect(await walkDump('http://127.0.0.1:9', dump, () => {})).toMatchObject({ status: 'StackwalkerFailed' })
  })
})
