/**
 * Programs of others against a whole fleet: what they do with us is the protocol. One that is not installed is
 * skipped, and says why.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { elf, newBuildId } from '../conformance/symbols/download-rows.ts'
import { createToken, type Fleet, startFleet } from '../support/fleet.ts'
import { findPeer } from '../support/peers.ts'
import { DUMPS, dumpPath, normalised, reference, symbolsPath } from '../support/reference.ts'
import { uploadZip } from '../support/report.ts'

const run = promisify(execFile)
const CLIENT_DEADLINE_MS = 60_000

/** The fixture sym files by key. */
const symFiles = new Map(
  readdirSync(symbolsPath, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sym.gz'))
    .map((name) => [name.replace(/\.gz$/, ''), path.join(symbolsPath, name)] as const),
)
const symText = (key: string) => gunzipSync(readFileSync(symFiles.get(key) ?? ''))

let fleet: Fleet
let token: string
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mayday-clients-'))
  fleet = await startFleet({ empty: true })
  token = await createToken(fleet, ['upload_symbols'])
  const zip = zipSync(Object.fromEntries([...symFiles.keys()].map((key) => [key, symText(key)])))
  const uploaded = await uploadZip(fleet.url, token, zip)
  expect(uploaded.status, uploaded.text).toBe(201)
})
afterAll(async () => {
  await fleet?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** The tests of one client. `program` is its path; a client that is missing has its tests skipped. */
function client(name: string, tests: (program: string) => void): void {
  const peer = findPeer(name)
  if (peer.kind === 'missing') console.log(`SKIPPED ${name}: ${peer.why}`)
  describe.skipIf(peer.kind === 'missing')(name, () => tests(peer.kind === 'installed' ? peer.program : ''))
}

async function output(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const options = { timeout: CLIENT_DEADLINE_MS, maxBuffer: 64_000_000, env: { ...process.env, ...environment } }
  return (await run(program, [...args], options)).stdout
}

client('minidump-stackwalk', (program) => {
  it.each(DUMPS)('walks %s with --symbols-url to the reference JSON', async (name) => {
    const symbols = ['--symbols-url', `${fleet.url}/`, '--symbols-cache', path.join(folder, `cache-${name}`)]
    const json = await output(program, ['--json', ...symbols, dumpPath(name)])
    expect(normalised(JSON.parse(json))).toEqual(normalised(reference(name)))
  })
})

client('debuginfod-find', (program) => {
  const find = async (kind: string, buildId: string, more: readonly string[] = []) => {
    const environment = { DEBUGINFOD_URLS: fleet.url, DEBUGINFOD_CACHE_PATH: path.join(folder, 'debuginfod') }
    return (await output(program, [kind, buildId, ...more], environment)).trim()
  }

  it('fetches a program and its debug file by build id, byte for byte', async () => {
    const { buildId, debugId } = newBuildId()
    const files = { 'libx.so': elf('.text'), 'libx.so.debug': elf('.debug_info') }
    const zip = Object.entries(files).map(([name, bytes]) => [`libx.so/${debugId}/${name}`, bytes] as const)
    expect((await uploadZip(fleet.url, token, zipSync(Object.fromEntries(zip)))).status).toBe(201)
    expect(readFileSync(await find('executable', buildId))).toEqual(Buffer.from(files['libx.so']))
    expect(readFileSync(await find('debuginfo', buildId))).toEqual(Buffer.from(files['libx.so.debug']))
  })

  it('fetches a real program: itself', async () => {
    const itself = readFileSync(program)
    const note = itself.indexOf(Buffer.from('040000001400000003000000474e5500', 'hex')) + 16
    const buildId = itself.subarray(note, note + 20).toString('hex')
    const key = `debuginfod-find/${buildId}/debuginfod-find`
    expect((await uploadZip(fleet.url, token, zipSync({ [key]: itself }))).status).toBe(201)
    expect(readFileSync(await find('executable', buildId)).equals(itself)).toBe(true)
    await expect(find('debuginfo', buildId)).rejects.toThrow('No such file or directory')
    await expect(find('source', buildId, ['/usr/src/main.c'])).rejects.toThrow('No such file or directory')
  })

  it('is told of a build id that nobody uploaded', async () => {
    await expect(find('debuginfo', newBuildId().buildId)).rejects.toThrow('No such file or directory')
  })
})

client('wholesym-lookup', (program) => {
  it('reads function and line of an address through samply’s own code', async () => {
    const [key = ''] = [...symFiles.keys()].filter((name) => name.startsWith('null_chain/'))
    const [debugFile = '', debugId = ''] = key.split('/')
    const text = symText(key).toString()
    const [, address = '', name = '', line = ''] =
      /^FUNC (?:m )?([0-9a-f]+) [0-9a-f]+ [0-9a-f]+ (main.*)\n(?:INLINE.*\n)*\1 [0-9a-f]+ (\d+) \d+$/m.exec(text) ?? []
    const args = [`${fleet.url}/`, path.join(folder, 'wholesym'), debugFile, debugId, address]
    const [symbol, ...frames] = (await output(program, args)).trimEnd().split('\n')
    expect(symbol).toBe(name)
    expect(frames.at(-1)).toMatch(new RegExp(`:${line}$`))
  })
})

client('python3', (program) => {
  const script = path.join(import.meta.dirname, 'upload-symbols.py')

  it('uploads as the peer’s scripts do, and what it uploaded downloads byte-identical', async () => {
    const { debugId } = newBuildId()
    const text = `MODULE Linux x86_64 ${debugId} my app\nPUBLIC 1000 0 main\n`
    const file = path.join(folder, 'own.sym')
    writeFileSync(file, text)
    const answer = JSON.parse(await output(program, [script, fleet.url, token, file, ...symFiles.values()]))
    expect(answer.upload.completed_at).toEqual(expect.any(String))
    expect([...answer.upload.skipped_keys].sort()).toEqual([...symFiles.keys()].sort())
    const response = await fetch(`${fleet.url}/my app/${debugId}/my app.sym`)
    expect(await response.text()).toBe(text)
  })

  it('reads the server’s refusal', async () => {
    const refused = run(program, [script, fleet.url, 'invalidtoken', ...symFiles.values()])
    await expect(refused).rejects.toMatchObject({ stdout: '{"error":"API Token not matched"}\n' })
  })
})
