import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { unzipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROOT } from './repository.ts'
import { findSymbolFiles, type SymbolFile, symFileName } from './symbol-files.ts'
import { uploadZip } from './symbol-upload.ts'
import { packSymbolZips } from './symbol-zip.ts'

const ID = 'E3BABDEA07E5E1EB565F7F2D55D5B78B0'
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mayday-symbols-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, content)
  return file
}

const filesOf = (found: readonly SymbolFile[]) => found.filter((file) => file.kind === 'file')

async function packAll(found: readonly SymbolFile[], maxDataBytes?: number) {
  const zips: Record<string, Uint8Array>[] = []
  const unreadable: string[] = []
  for await (const packed of packSymbolZips(filesOf(found), folder, maxDataBytes)) {
    if (packed.kind === 'zip') zips.push(unzipSync(readFileSync(packed.path)))
    else unreadable.push(packed.path)
  }
  return { zips, unreadable }
}

describe('findSymbolFiles', () => {
  it.each([
    [`MODULE Linux x86_64 ${ID} libc.so.6`, `libc.so.6/${ID}/libc.so.6.sym`],
    [`MODULE windows x86_64 ${ID} xul.pdb\r`, `xul.pdb/${ID}/xul.sym`],
    [`MODULE mac arm64 ${ID} Electron Framework`, `Electron Framework/${ID}/Electron Framework.sym`],
    [`MODULE Linux x86_64 ${ID.toLowerCase()} lower`, `lower/${ID}/lower.sym`],
  ])('lays out a sym file by its MODULE line: %s', async (module, key) => {
    const file = write('whatever.sym', `${module}\nFUNC 0 1 0 main\n`)
    expect(await findSymbolFiles([file])).toEqual([{ kind: 'file', path: file, key, gzip: false }])
  })

  it('reads the MODULE line of a gzipped sym file', async () => {
    const file = write('a.sym.gz', gzipSync(`MODULE Linux x86_64 ${ID} a\n`))
    expect(await findSymbolFiles([file])).toMatchObject([{ kind: 'file', key: `a/${ID}/a.sym`, gzip: true }])
  })

  it('walks folders, keeps files that lie in the layout, and says what it skipped', async () => {
    write('out/xul.dll/5DC1A4B2abc/xul.dl_', 'cab')
    write('out/notes.txt', 'text')
    write('out/broken.sym', 'FUNC 0 1 0 main\n')
    const found = await findSymbolFiles([path.join(folder, 'out')])
    expect(filesOf(found)).toMatchObject([{ key: 'xul.dll/5DC1A4B2ABC/xul.dl_' }])
    expect(
      found
        .filter((file) => file.kind === 'skipped')
        .map((file) => file.path)
        .sort(),
    ).toEqual([path.join(folder, 'out/broken.sym'), path.join(folder, 'out/notes.txt')])
  })

  it('takes a zip as it is, and a second file of the same module once', async () => {
    const zip = write('symbols.ZIP', 'PK')
    const first = write('1.sym', `MODULE Linux x86_64 ${ID} a\n`)
    const second = write('2.sym', `MODULE Linux x86_64 ${ID} a\n`)
    const found = await findSymbolFiles([zip, first, second])
    expect(found.map((file) => file.kind)).toEqual(['zip', 'file', 'skipped'])
  })

  it('refuses a MODULE line whose name would leave the layout', async () => {
    for (const name of ['../../evil', 'a/b', 'C:\\evil', '..']) {
      const file = write('evil.sym', `MODULE Linux x86_64 ${ID} ${name}\n`)
      expect(await findSymbolFiles([file])).toMatchObject([{ kind: 'skipped', named: true }])
    }
  })

  it('says that a path is not there', async () => {
    expect(await findSymbolFiles([path.join(folder, 'no.sym')])).toMatchObject([
      { kind: 'skipped', reason: 'no such file', named: true },
    ])
  })

  it('names the sym file of a debug file as dump_syms does', () => {
    expect(['xul.pdb', 'XUL.PDB', 'libc.so.6', 'firefox'].map(symFileName)).toEqual([
      'xul.sym',
      'XUL.sym',
      'libc.so.6.sym',
      'firefox.sym',
    ])
  })
})

describe('packSymbolZips', () => {
  it('packs the fixture symbols: every key as the folder has it, every byte as it was', async () => {
    const symbols = path.join(ROOT, 'test/fixtures/crashes/symbols')
    const { zips, unreadable } = await packAll(await findSymbolFiles([symbols]))
    expect(unreadable).toEqual([])
    expect(zips).toHaveLength(1)
    const expected = readdirSync(symbols, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.sym.gz'),
    )
    expect(Object.keys(zips[0] ?? {}).sort()).toEqual(expected.map((name) => name.replace(/\.gz$/, '')).sort())
    for (const name of expected) {
      const plain = gunzipSync(readFileSync(path.join(symbols, name)))
      expect(Buffer.from(zips[0]?.[name.replace(/\.gz$/, '')] ?? []).equals(plain)).toBe(true)
    }
  })

  it('starts a new zip before the limit, and gives a larger file one of its own', async () => {
    const noise = (bytes: number) => randomBytes(bytes / 2).toString('hex')
    for (const [name, bytes] of [
      ['a', 40_000],
      ['b', 40_000],
      ['c', 300_000],
      ['d', 40_000],
    ] as const) {
      write(`${name}.sym`, `MODULE Linux x86_64 ${ID} ${name}\n${noise(bytes)}\n`)
    }
    const { zips } = await packAll(await findSymbolFiles([folder]), 60_000)
    expect(zips.map((zip) => Object.keys(zip).map((key) => key.split('/')[0]))).toEqual([['a', 'b'], ['c'], ['d']])
  })

  it('names a gzip file that is cut off, and packs the others', async () => {
    const whole = gzipSync(`MODULE Linux x86_64 ${ID} cut\n${randomBytes(9_000).toString('hex')}`)
    const cut = write('cut.sym.gz', whole.subarray(0, whole.length - 2_000))
    write('ok.sym', `MODULE Linux x86_64 ${ID} ok\n`)
    const { zips, unreadable } = await packAll(await findSymbolFiles([folder]))
    expect(unreadable).toEqual([cut])
    expect(zips.map((zip) => Object.keys(zip))).toEqual([[`ok/${ID}/ok.sym`]])
    expect(readdirSync(folder).filter((name) => name.endsWith('.deflate'))).toEqual([])
  })
})

describe('uploadZip', () => {
  interface Answer {
    readonly status: number
    readonly body: string
    readonly retryAfter?: string
  }

  async function upload(answers: readonly Answer[], trySymbols = false) {
    const requests: { token: string | string[] | undefined; body: string }[] = []
    const pauses: number[] = []
    const server = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString('latin1')
      const answer = answers[Math.min(requests.length, answers.length - 1)]
      requests.push({ token: request.headers['auth-token'], body })
      if (answer?.retryAfter !== undefined) response.setHeader('Retry-After', answer.retryAfter)
      response.writeHead(answer?.status ?? 500).end(answer?.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    const outcome = await uploadZip(write('s.zip', 'PKzip'), { origin, token: 'secret', trySymbols }, async (ms) =>
      pauses.push(ms),
    )
    server.close()
    return { outcome, requests, pauses }
  }
  const created = { status: 201, body: '{"upload":{"id":7,"completed_at":"2026-11-23T00:00:00Z"}}' }

  it('sends the zip with the token, and says which upload it became', async () => {
    const { outcome, requests } = await upload([created], true)
    expect(outcome).toEqual({ kind: 'uploaded', uploadId: 7, unpacking: false })
    expect(requests[0]?.token).toBe('secret')
    expect(requests[0]?.body).toContain('name="symbols.zip"; filename="symbols.zip"')
    expect(requests[0]?.body).toContain('name="try"')
    expect(requests[0]?.body).toContain('PKzip')
  })

  it('knows an upload that is unpacked later', async () => {
    const { outcome } = await upload([{ status: 201, body: '{"upload":{"id":8,"completed_at":null}}' }])
    expect(outcome).toEqual({ kind: 'uploaded', uploadId: 8, unpacking: true })
  })

  it('tries again after 429 and 5xx, as long as Retry-After says or twice as long each time', async () => {
    const { outcome, requests, pauses } = await upload([
      { status: 503, body: '' },
      { status: 429, body: '', retryAfter: '3' },
      { status: 500, body: '' },
      created,
    ])
    expect(outcome.kind).toBe('uploaded')
    expect(requests).toHaveLength(4)
    expect(pauses).toEqual([1_000, 3_000, 4_000])
  })

  it('gives up after five tries', async () => {
    const { outcome, requests } = await upload([{ status: 503, body: '' }])
    expect(outcome).toEqual({ kind: 'unavailable', detail: 'HTTP 503' })
    expect(requests).toHaveLength(5)
  })

  it('does not repeat what the server refused, and passes on its words', async () => {
    const { outcome, requests } = await upload([{ status: 403, body: '{"error":"API Token not matched"}' }])
    expect(outcome).toEqual({ kind: 'refused', status: 403, text: 'API Token not matched' })
    expect(requests).toHaveLength(1)
  })
})
