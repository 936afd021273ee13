import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { groupMembers } from './processes.ts'
import { startStackwalker } from './stackwalker.ts'

let folder: string
let restarts: string[]
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mayday-stackwalker-'))
  restarts = []
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A program with the stackwalker's command line that answers each request with its process id. */
function options(body: string) {
  const binary = path.join(folder, 'stackwalker')
  writeFileSync(binary, `#!${process.execPath}\n${body}`)
  chmodSync(binary, 0o755)
  return {
    binary,
    symbolsUrl: 'http://127.0.0.1:1',
    cache: folder,
    log: { write: () => {} },
    onRestart: (text: string) => void restarts.push(text),
  }
}
const SERVES = `
  const listen = process.argv[process.argv.indexOf('--listen') + 1]
  const [host, port] = listen.split(':')
  const server = require('node:http').createServer((_, response) => response.end(String(process.pid)))
  server.listen(Number(port), host, () => console.log(JSON.stringify({ listening: host + ':' + server.address().port, version: '9' })))`

async function answer(url: string): Promise<string | null> {
  try {
    return await (await fetch(url)).text()
  } catch {
    return null
  }
}

describe('startStackwalker', () => {
  it('answers the address that the program says, and stops it', async () => {
    const started = await startStackwalker(options(SERVES))
    if (started.kind !== 'ok') throw new Error('not started')
    const group = started.value.group() ?? 0
    expect(await answer(started.value.url)).toBe(String(group))
    await started.value.stop()
    expect(groupMembers(group)).toEqual([])
    expect(restarts).toEqual([])
  })

  it('starts a killed one again on the same port, and says so', async () => {
    const started = await startStackwalker(options(SERVES))
    if (started.kind !== 'ok') throw new Error('not started')
    const first = started.value.group() ?? 0
    process.kill(first, 'SIGKILL')
    const end = performance.now() + 8_000
    while (restarts.length === 0 && performance.now() < end) await sleep(50)
    expect(restarts).toEqual(['the stackwalker ended (by a signal) and was started again'])
    expect(await answer(started.value.url)).toBe(String(started.value.group()))
    expect(started.value.group()).not.toBe(first)
    await started.value.stop()
    expect(groupMembers(started.value.group() ?? 0)).toEqual([])
  })

  it('fails when the program ends before it listens', async () => {
    expect(await startStackwalker(options('process.exit(3)'))).toMatchObject({ kind: 'failed' })
  })
})
