import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { groupMembers, listProcesses } from '../../cli/processes.ts'
import { createToken, type Fleet, mayday, processGroups, startFleet } from '../support/fleet.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

/** Live processes of these groups, or that name the state folder. */
function leftBehind(groups: readonly number[], stateDir: string): readonly string[] {
  const own = listProcesses().filter((running) => running.command.includes(stateDir))
  return [...groups.flatMap(groupMembers), ...own].map((running) => running.command.slice(0, 200))
}

async function waitUntilNothingIsLeft(
  groups: readonly number[],
  stateDir: string,
  ms: number,
): Promise<readonly string[]> {
  const end = performance.now() + ms
  while (leftBehind(groups, stateDir).length > 0 && performance.now() < end) await sleep(50)
  return leftBehind(groups, stateDir)
}

describe('a running fleet', () => {
  let fleet: Fleet

  beforeAll(async () => {
    fleet = await startFleet({ empty: true, vars: { MAYDAY_VERSION: 'tested' } })
  })
  afterAll(() => fleet?.stop())

  it('says on its output where it is, and is healthy there', async () => {
    expect(fleet.output()).toMatch(/^✓ Workers: 10 on one port \(/m)
    expect((await fetch(`${fleet.url}/__heartbeat__`)).status).toBe(200)
  })

  it('writes a variable of the command line into every Worker', () => {
    for (const worker of ['mayday', 'mayday-collector', 'mayday-scheduler']) {
      const config = JSON.parse(readFileSync(path.join(fleet.stateDir, 'config', `${worker}.json`), 'utf8'))
      expect(config.vars).toMatchObject({ MAYDAY_VERSION: 'tested', MAYDAY_ENV: 'development' })
    }
  })

  it('keeps a second start off its state folder and off its port', async () => {
    const sameState = await mayday(['start', '--port', '0', '--state', fleet.stateDir])
    expect(sameState).toMatchObject({ code: 1, stdout: '' })
    expect(sameState.stderr).toContain(`A fleet already runs on ${fleet.stateDir}`)
    const samePort = await mayday([
      'start',
      '--port',
      String(fleet.port),
      '--state',
      path.join(fleet.stateDir, 'other'),
    ])
    expect(samePort).toMatchObject({ code: 1, stdout: '' })
    expect(samePort.stderr).toContain(`Port ${fleet.port} is in use`)
  })

  it('gives out tokens while it runs: one line of 64 hex digits', async () => {
    const args = ['token', 'create', '--email', 'a@example.com', '--permissions', 'view_pii', '--state', fleet.stateDir]
    const result = await mayday(args)
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(result.stdout).toMatch(/^[0-9a-f]{64}\n$/)
  })

  it('honours such a token at once', async () => {
    const token = await createToken(fleet, ['upload_symbols'])
    const upload = (sent: string) => fetch(`${fleet.url}/upload/`, { method: 'POST', headers: { 'Auth-Token': sent } })
    expect((await upload(token)).status).toBe(400)
    expect((await upload('0'.repeat(64))).status).toBe(403)
  })

  it('is seen by doctor', async () => {
    const result = await mayday(['doctor', '--state', fleet.stateDir])
    expect(result.stdout).toMatch(new RegExp(`^[✓!] fleet .*${fleet.url}`, 'm'))
  })

  it('runs beside a second fleet, each with its own tokens', async () => {
    const second = await startFleet({ empty: true })
    try {
      expect(second.port).not.toBe(fleet.port)
      const token = await createToken(second, ['upload_symbols'])
      const upload = (url: string) => fetch(`${url}/upload/`, { method: 'POST', headers: { 'Auth-Token': token } })
      expect((await upload(second.url)).status).toBe(400)
      expect((await upload(fleet.url)).status).toBe(403)
    } finally {
      await second.stop()
    }
    expect((await fetch(`${fleet.url}/__heartbeat__`)).status).toBe(200)
  })
})

describe('the end of a fleet', () => {
  it('leaves no process behind after Ctrl-C, and starts again on the same state', async () => {
    const stateDir = mkdtempSync(path.join(tmpdir(), 'mayday-stop-'))
    const fleet = await startFleet({ empty: true, stateDir })
    const groups = processGroups(stateDir)
    expect(leftBehind(groups, stateDir)).not.toEqual([])
    const startedAt = performance.now()
    await fleet.stop()
    expect(leftBehind(groups, stateDir)).toEqual([])
    const stoppedAt = performance.now()
    const again = await startFleet({ empty: true, stateDir })
    console.log(
      `stop ${Math.round(stoppedAt - startedAt)} ms, second start ${Math.round(performance.now() - stoppedAt)} ms`,
    )
    expect(again.output()).toMatch(/D1 migrations: nothing new/)
    await again.stop()
    rmSync(stateDir, { recursive: true })
  })

  it('leaves no process behind when only `mayday start` is SIGKILLed', async () => {
    const fleet = await startFleet({ empty: true })
    const groups = processGroups(fleet.stateDir)
    const { pid } = JSON.parse(readFileSync(path.join(fleet.stateDir, 'fleet.json'), 'utf8'))
    process.kill(pid, 'SIGKILL')
    expect(await waitUntilNothingIsLeft(groups, fleet.stateDir, 10_000)).toEqual([])
    await fleet.stop()
  })

  it('leaves no process behind when wrangler ignores SIGTERM', async () => {
    const fleet = await startFleet({ empty: true })
    const groups = processGroups(fleet.stateDir)
    // A stopped process takes no signal but SIGKILL: the most stubborn that a wrangler can be.
    for (const member of groups.flatMap(groupMembers)) {
      if (!member.command.includes('supervise')) process.kill(member.pid, 'SIGSTOP')
    }
    await fleet.stop()
    expect(leftBehind(groups, fleet.stateDir)).toEqual([])
  })

  it('can be killed whole and started again on the same port', async () => {
    const fleet = await startFleet({ empty: true })
    const groups = processGroups(fleet.stateDir)
    await fleet.kill()
    expect(leftBehind(groups, fleet.stateDir)).toEqual([])
    const again = await fleet.restart()
    expect(again.url).toBe(fleet.url)
    expect((await fetch(`${again.url}/__heartbeat__`)).status).toBe(200)
    await again.stop()
  })
})

describe('a start that lacks something', () => {
  it('names the port and --port when the port is in use by another program', async () => {
    const stranger = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => stranger.once('listening', resolve))
    const address = stranger.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const result = await mayday(['start', '--port', String(port), '--state', path.join(tmpdir(), 'mayday-never')])
    stranger.close()
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toBe(`Port ${port} is in use: stop what listens there, or give another one with --port.\n`)
  })

  it('starts without cargo, says so in one line, and keeps a crash queued', async () => {
    const nowhere = mkdtempSync(path.join(tmpdir(), 'mayday-no-cargo-'))
    const environment = { PATH: '/usr/bin:/bin', HOME: nowhere, CARGO_HOME: nowhere, CARGO_TARGET_DIR: nowhere }
    const fleet = await startFleet({ empty: true, environment })
    expect(fleet.output()).toMatch(/^! Stackwalker build: cargo is missing: .* crashes stay queued\. \(/m)
    const dump = path.join(ROOT, 'test/fixtures/crashes/dumps/null_chain.dmp')
    const submitted = await mayday([
      'submit',
      '--url',
      fleet.url,
      '-a',
      'ProductName=WaterWolf',
      '-a',
      'Version=1.0',
      dump,
    ])
    expect(submitted).toMatchObject({ code: 0, stderr: '' })
    expect(submitted.stdout).toMatch(/^[0-9a-f-]{36}\n$/)
    await fleet.stop()
    rmSync(nowhere, { recursive: true })
  })
})

describe('a fleet under npm', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('goes when npm gets %s', async (signal) => {
    const stateDir = mkdtempSync(path.join(tmpdir(), 'mayday-npm-'))
    const npm = spawn('npm', ['start', '--', '--port', '0', '--state', stateDir, '--empty'], {
      cwd: ROOT,
      stdio: 'pipe',
    })
    let output = ''
    for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const end = performance.now() + 120_000
    while (!output.includes('Mayday is ready') && performance.now() < end && npm.exitCode === null) await sleep(50)
    expect(output).toContain('Mayday is ready on')
    const groups = processGroups(stateDir)
    npm.kill(signal)
    expect(await waitUntilNothingIsLeft(groups, stateDir, 15_000)).toEqual([])
    rmSync(stateDir, { recursive: true })
  })
})
