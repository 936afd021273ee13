import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { zipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { begunUploadsIn } from './begun-uploads.ts'
import { contentsOf, encode, measure } from './symbol-content.ts'
import { findSymbolFiles } from './symbol-files.ts'
import { PartsClient } from './symbol-parts.ts'
import { NO_PROGRESS } from './upload-progress.ts'
import { uploadSymbolFiles } from './upload-symbols.ts'

const ID = 'E3BABDEA07E5E1EB565F7F2D55D5B78B0'
const PART_BYTES = 1_000

/** A server that takes files in parts, as far as a client sees it: it keeps them in memory and can be told to stop. */
class PartsServer {
  readonly files = new Map<string, Buffer>()
  readonly #sessions = new Map<string, { key: string; parts: Map<number, Buffer> }>()
  readonly asked: string[] = []
  protocols = ['mayday-parts-1']
  /** From then on every PUT is refused. */
  putsLeft = Number.POSITIVE_INFINITY
  #uploads = 0
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  origin = ''

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    this.origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  }

  stop(): void {
    this.#server.close()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray())
    const url = new URL(request.url ?? '', this.origin)
    this.asked.push(`${request.method} ${url.pathname.replace(/[0-9]+/g, 'N')}${url.search}`)
    const say = (status: number, answer: unknown) => response.writeHead(status).end(JSON.stringify(answer))
    const session = this.#sessions.get(/\/files\/([^/]+)/.exec(url.pathname)?.[1] ?? '')
    if (url.pathname === '/upload/auth_info/') return void say(200, { upload_protocols: this.protocols })
    if (url.pathname === '/upload/') return void say(201, { upload: { id: 9, completed_at: 'now' } })
    if (url.pathname === '/upload/v2/') return void say(201, this.#open(JSON.parse(body.toString())))
    if (session === undefined) return void say(200, { upload: { completed_at: 'now' } })
    if (request.method === 'GET') return void say(200, { state: 'open', parts: listOf(session.parts) })
    if (request.method === 'PUT') return void this.#put(session, url.searchParams.get('part'), body, say)
    this.files.set(session.key, Buffer.concat([...session.parts].sort(([a], [b]) => a - b).map(([, part]) => part)))
    say(200, {})
  }

  #open({ files }: { files: { key: string }[] }) {
    const id = ++this.#uploads
    return {
      id,
      files: files.map(({ key }, at) => {
        this.#sessions.set(`${id}-${at}`, { key, parts: new Map() })
        const url = `http://elsewhere.test/upload/v2/files/${id}-${at}`
        return { key, action: { type: 'upload', url, part_bytes: PART_BYTES, expires_at: Date.now() / 1_000 + 1_000 } }
      }),
    }
  }

  #put(
    session: { key: string; parts: Map<number, Buffer> },
    part: string | null,
    body: Buffer,
    say: (status: number, answer: unknown) => void,
  ) {
    if (this.putsLeft-- <= 0) return say(400, { error: 'no more' })
    if (part === null) this.files.set(session.key, body)
    else session.parts.set(Number(part), body)
    say(200, {})
  }
}

const listOf = (parts: ReadonlyMap<number, Buffer>) =>
  [...parts].map(([part, bytes]) => ({
    part,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }))

let folder: string
let server: PartsServer
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mayday-parts-test-'))
  server = new PartsServer()
  await server.listen()
})
afterEach(() => {
  server.stop()
  rmSync(folder, { recursive: true })
})

const symText = (name: string, lines: number) =>
  `MODULE Linux x86_64 ${ID} ${name}\n${Array.from({ length: lines }, (_, at) => createHash('md5').update(`${name}${at}`).digest('hex')).join('\n')}\n`

function write(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, 'in', name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, content)
  return file
}

async function upload(paths: readonly string[]) {
  const begun = begunUploadsIn(path.join(folder, 'begun'), () => Date.now())
  const target = { origin: server.origin, token: 'secret', trySymbols: false }
  return uploadSymbolFiles(await findSymbolFiles(paths), target, NO_PROGRESS, begun)
}

describe('uploadSymbolFiles', () => {
  it('sends small files whole and large ones in parts, byte for byte, whatever host the URLs name', async () => {
    const small = symText('small', 3)
    const large = symText('large', 400)
    write('small.sym', small)
    write('large.sym', large)
    write(`raw.pdb/${ID}/raw.pd_`, 'cabinet')
    expect(await upload([path.join(folder, 'in')])).toEqual({ files: 3, failures: [] })
    expect(gunzipSync(server.files.get(`small/${ID}/small.sym`) ?? '').toString()).toBe(small)
    expect(gunzipSync(server.files.get(`large/${ID}/large.sym`) ?? '').toString()).toBe(large)
    expect(server.files.get(`raw.pdb/${ID}/raw.pd_`)?.toString()).toBe('cabinet')
    expect(server.asked.filter((line) => line.startsWith('PUT')).length).toBeGreaterThan(5)
    expect(server.asked.at(-1)).toBe('POST /upload/vN/N/complete')
  })

  it('looks into zips: their members go in parts too', async () => {
    const text = symText('zipped', 200)
    const raw = Buffer.from('raw bytes')
    const zip = zipSync({ [`zipped/${ID}/zipped.sym`]: Buffer.from(text), [`raw/${ID}/raw.dbg`]: [raw, { level: 0 }] })
    expect(await upload([write('symbols.zip', zip)])).toEqual({ files: 2, failures: [] })
    expect(gunzipSync(server.files.get(`zipped/${ID}/zipped.sym`) ?? '').toString()).toBe(text)
    expect(server.files.get(`raw/${ID}/raw.dbg`)).toEqual(raw)
  })

  it('leaves a zip that is none of symbols to the server, which says why', async () => {
    await upload([write('other.zip', zipSync({ 'readme.txt': Buffer.from('no symbol') }))])
    expect(server.asked).toContain('POST /upload/')
  })

  it('a second run goes on with the upload that the first began: only the parts that are missing are sent', async () => {
    const text = symText('large', 400)
    const file = write('large.sym', text)
    const target = { origin: server.origin, token: 'secret', trySymbols: false }
    const begun = begunUploadsIn(path.join(folder, 'begun'), () => Date.now())
    // The first run: it opened the upload, three parts were through, then the machine lost its power.
    const client = new PartsClient(target)
    const [content] =
      (await contentsOf({
        kind: 'zip',
        path: write('one.zip', zipSync({ [`large/${ID}/large.sym`]: Buffer.from(text) })),
      })) ?? []
    if (content === undefined) throw new Error('no content')
    const declared = [await measure(content)]
    const opened = await client.open(declared)
    if (opened.kind !== 'ok' || opened.body.files[0]?.action.type !== 'upload') throw new Error('not opened')
    begun.save(target, declared, opened.body)
    const spool = path.join(folder, 'spool')
    await encode(content, spool)
    const wire = new Uint8Array(readFileSync(spool))
    for (const part of [1, 2, 4]) {
      await client.putPart(
        opened.body.files[0].action.url,
        part,
        wire.slice((part - 1) * PART_BYTES, part * PART_BYTES),
      )
    }
    server.asked.length = 0

    expect(await upload([file])).toEqual({ files: 1, failures: [] })
    expect(gunzipSync(server.files.get(`large/${ID}/large.sym`) ?? '').toString()).toBe(text)
    expect(server.asked).not.toContain('POST /upload/vN/')
    const sent = server.asked.filter((line) => line.startsWith('PUT')).map((line) => Number(line.split('=')[1]))
    expect(sent).not.toContain(1)
    expect(sent).not.toContain(4)
    expect(sent.length).toBe(Math.ceil(wire.length / PART_BYTES) - 3)
    // It is done: a third run begins anew.
    await upload([file])
    expect(server.asked).toContain('POST /upload/vN/')
  })

  it('a part that the server refuses is a failure in one line, and the other files still go up', async () => {
    write('a.sym', symText('a', 3))
    write('b.sym', symText('b', 3))
    server.putsLeft = 1
    const { files, failures } = await upload([path.join(folder, 'in')])
    expect([files, failures]).toEqual([1, [expect.stringMatching(/\.sym: the server refused it \(400\): no more$/)]])
  })

  it('a server without the protocol gets zips', async () => {
    server.protocols = []
    expect(await upload([write('a.sym', symText('a', 3))])).toEqual({ files: 1, failures: [] })
    expect(server.asked).toEqual(['POST /upload/auth_info/', 'POST /upload/'])
  })
})
