/**
 * `mayday stackwalk` and `mayday symbolicate` as a person runs them, with symbols from a folder and from a symbol server. Stacks are compared with stock
 * minidump-stackwalk's own output.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, mayday, startFleet } from '../support/fleet.ts'
import { DUMPS, dumpPath, normalised, reference, symbolsPath } from '../support/reference.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
/** The first run may have to wait for cargo. */
const COMMAND_DEADLINE_MS = 170_000

let cache: string
let fleet: Fleet
let token: string
beforeAll(async () => {
  cache = mkdtempSync(path.join(tmpdir(), 'mayday-stackwalk-test-'))
  fleet = await startFleet({ empty: true, vars: { SYMBOL_ACCESS: 'private' } })
  token = await createToken(fleet, ['upload_symbols', 'download_symbols'])
  const upload = await mayday(['upload-symbols', '--url', fleet.url, '--token', token, symbolsPath])
  expect(upload.code, upload.stderr).toBe(0)
})
afterAll(async () => {
  await fleet?.stop()
  rmSync(cache, { recursive: true, force: true })
})

const run = (...args: readonly string[]) => mayday(args, { XDG_CACHE_HOME: cache }, COMMAND_DEADLINE_MS)
const dumpPaths = DUMPS.map(dumpPath)

/** What `--format json` printed, by the dump's place. */
const lines = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

const SIGNATURES = ['read_value', 'Rec<T>::go<T>::{lambda#1}::operator()']

describe('mayday stackwalk', () => {
  it.each([
    ['a folder', () => ['--symbols', symbolsPath]],
    ['a symbol server', () => ['--url', fleet.url, '--token', token]],
    ['the same again, from its cache', () => ['--url', fleet.url, '--token', token]],
  ])('with symbols from %s gives the JSON of stock minidump-stackwalk', async (_what, source) => {
    const { code, stdout, stderr } = await run('stackwalk', '--format', 'json', ...source(), ...dumpPaths)
    expect(code, stderr).toBe(0)
    const printed = lines(stdout)
    expect(printed.map(({ dump }) => dump)).toEqual(dumpPaths)
    for (const [at, name] of DUMPS.entries()) {
      const { json_dump } = printed[at] ?? {}
      expect(normalised(json_dump as Record<string, unknown>), name).toEqual(normalised(reference(name)))
    }
    expect(printed.slice(0, 2).map(({ signature }) => signature)).toEqual(SIGNATURES)
  })

  it('prints a stack for people, and goes on after a dump that is none', async () => {
    const { code, stdout, stderr } = await run(
      'stackwalk',
      '--symbols',
      symbolsPath,
      import.meta.filename,
      dumpPath('null_chain'),
    )
    expect(code).toBe(1)
    expect(stderr).toContain(`${import.meta.filename} was not walked: HeaderMismatch`)
    expect(stderr).toContain('1 of 2 dumps could not be walked.')
    expect(stdout).toContain('Signature:   read_value\n')
    expect(stdout).toContain('   1  visit(Owner*, int) [null_chain] at src/src/null_chain.cpp:9 (cfi)\n')
  })

  it('says what a server lacks: a token, or everything', async () => {
    const closed = await run('stackwalk', '--url', fleet.url, '--format', 'markdown', dumpPath('jump_null'))
    expect(closed.code).toBe(1)
    expect(closed.stderr).toContain('its symbols are private. Give a token')
    const server = createServer((_, answer) => answer.writeHead(404).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const wrong = await run('stackwalk', '--url', url, dumpPath('jump_null'))
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('is it a Mayday symbol server?')])
    server.close()
  })
})

/** A log through the command's own standard input and output. */
async function symbolicate(log: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [path.join(ROOT, 'cli/mayday.ts'), 'symbolicate', ...args], {
    env: { ...process.env, XDG_CACHE_HOME: cache },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.end(log)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, stdout, stderr }
}

describe('mayday symbolicate', () => {
  /** What the debug id of `null_chain` is made of. */
  const buildId = 'e22592f44b1dc188624374bba355e5b501020304'
  const log = `#0 0x5 (/b/null_chain+0x1170) (BuildId: ${buildId})\nrest of the log\n`
  const named = log.replace(')\n', ') in read_value(Owner const&) (src/src/null_chain.cpp:8)\n')

  it.each([
    ['a folder', () => ['--symbols', symbolsPath]],
    ['a symbol server', () => ['--url', fleet.url, '--token', token]],
  ])('names the addresses of a log from %s', async (_what, source) => {
    const { code, stdout, stderr } = await symbolicate(log, ...source())
    expect([code, stdout, stderr]).toEqual([0, named, '1 of 1 addresses named\n'])
  })

  it('leaves a log as it was when the server gives nothing, and says so', async () => {
    const { code, stdout, stderr } = await symbolicate(log, '--url', fleet.url)
    expect([code, stdout]).toEqual([1, log])
    expect(stderr).toContain('its symbols are private. Give a token')
  })
})
