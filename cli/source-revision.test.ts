import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { PartsClient } from './symbol-parts.ts'
import { uploadZip } from './symbol-upload.ts'

const heard: IncomingHttpHeaders[] = []
const server = createServer((request, response) => {
  heard.push(request.headers)
  request
    .resume()
    .on('end', () => response.writeHead(201).end('{"upload":{"id":1,"completed_at":"now"},"id":1,"files":[]}'))
})
let origin = ''
let folder = ''
beforeEach(async () => {
  heard.length = 0
  folder = mkdtempSync(path.join(tmpdir(), 'mayday-revision-'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
})
afterEach(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

it('states the revision of --revision with a zip and with an upload in parts, and none without it', async () => {
  const zip = path.join(folder, 'symbols.zip')
  writeFileSync(zip, 'zip')
  const target = { origin, token: 't', trySymbols: false }
  await uploadZip(zip, { ...target, revision: 'abc123' })
  await new PartsClient({ ...target, revision: 'v1.2' }).open([])
  await uploadZip(zip, target)
  expect(heard.map((headers) => [headers['auth-token'], headers['source-revision']])).toEqual([
    ['t', 'abc123'],
    ['t', 'v1.2'],
    ['t', undefined],
  ])
})
