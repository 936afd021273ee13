import { createServer, type Server } from 'node:http'
import { strToU8, zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../../support/fleet.ts'
import { waitFor } from '../../support/report.ts'
import { post, rows, type SymbolicationServer } from './cases.ts'
import { SYMS, TESTPROJ, XUL } from './sym-texts.ts'

/** The target: MAYDAY_TARGET (any server of the protocol, whose symbols come from MAYDAY_SYMBOLS_PORT), else a fleet of our own. */
const target = process.env.MAYDAY_TARGET ?? ''
let fleet: Fleet | null = null
let symbols: Server | null = null
let url = target

const symName = (debugFile: string) => `${debugFile.replace(/\.pdb$/, '')}.sym`
const files: ReadonlyMap<string, Uint8Array> = new Map(
  SYMS.map(({ debugFile, debugId, text }) => [`${debugFile}/${debugId}/${symName(debugFile)}`, strToU8(text)] as const),
)

/** The rows' sym files for a server that fetches them. */
function serveSymbols(port: number): Server {
  return createServer(({ url: path = '' }, response) => {
    const file = files.get(path.replace(/^\/(?:try\/)?/, ''))
    response.writeHead(file === undefined ? 404 : 200, { 'Content-Type': 'text/plain' }).end(file)
  }).listen(port, '127.0.0.1')
}

beforeAll(async () => {
  if (target !== '') {
    symbols = serveSymbols(Number(process.env.MAYDAY_SYMBOLS_PORT))
    return
  }
  fleet = await startFleet({ empty: true })
  url = fleet.url
  const form = new FormData()
  form.append('symbols.zip', new Blob([Buffer.from(zipSync(Object.fromEntries(files)))]), 'symbols.zip')
  const headers = { 'Auth-Token': await createToken(fleet, ['upload_symbols']) }
  const { status } = await fetch(`${url}/upload/`, { method: 'POST', body: form, headers })
  expect(status).toBe(201)
  for (const { debugFile, debugId } of SYMS) {
    await waitFor(`the index of ${debugFile}`, 30, async () => {
      const { body } = await post(server, '/symbolicate/v4', { stacks: [[[0, 1]]], memoryMap: [[debugFile, debugId]] })
      return body.knownModules[0] === true ? true : undefined
    })
  }
})
afterAll(async () => {
  symbols?.close()
  await fleet?.stop()
})

const server: SymbolicationServer = {
  fetch: (path, init) => fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(60_000) }),
}

describe('symbolication', () => {
  it.each(rows.filter(({ peerFails }) => target === '' || peerFails === undefined))('$id: $name', async (row) =>
    row.run(server),
  )
})

describe.skipIf(target !== '')('POST /crash-ping', () => {
  const ping = {
    document_id: '0e9c4f2a-11aa-4f8b-9c1d-2b3c4d5e6f70',
    submission_timestamp: '2026-11-20T10:11:12Z',
    os: 'Windows',
    stack_traces: {
      modules: [
        {
          base_address: '0x7ff600000000',
          filename: 'C:\\app\\xul.dll',
          debug_file: XUL.debugFile,
          debug_id: XUL.debugId,
        },
        { base_address: '0x10000', filename: '/opt/testproj', debug_file: '/opt/testproj', debug_id: TESTPROJ.debugId },
      ],
      threads: [
        {
          frames: [
            { ip: '0x7ff60000101a', module_index: 0 },
            { ip: '0x15380', module_index: 1 },
          ],
        },
      ],
    },
  }

  it('answers with frames, signature and a crash id of the day on which it was sent', async () => {
    const { status, body } = await post(server, '/crash-ping', ping, { 'Content-Type': 'application/json' })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      document_id: ping.document_id,
      crash_id: expect.stringMatching(/0261120$/),
      signature: 'Inner::call',
      proto_signature: 'Inner::call | Middle::call | Outer::run | testproj::main',
      frames: [
        { function: 'Outer::run(nsTArray<int, 4>)', line: 30 },
        { function: 'testproj::main', line: 1 },
      ],
    })
  })

  it('takes one a line as NDJSON', async () => {
    const body = [ping, { ...ping, document_id: 'b' }].map((line) => JSON.stringify(line)).join('\n')
    const response = await server.fetch('/crash-ping', {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/x-ndjson' },
    })
    const lines = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toMatchObject([{ signature: 'Inner::call' }, { document_id: 'b', signature: 'Inner::call' }])
  })

  it('is in no answer of search: pings are not crash reports', async () => {
    const { body } = await post(server, '/crash-ping', ping, { 'Content-Type': 'application/json' })
    const response = await server.fetch(`/api/SuperSearch/?uuid=${body.crash_id}&date=%3E%3D2026-01-01`)
    expect(await response.json()).toMatchObject({ total: 0 })
  })
})
