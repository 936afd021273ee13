import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { groupMembers } from './processes.ts'
import {
  endLeftovers,
  NEW_FLEET,
  readFleet,
  runningFleetPid,
  type StateFolder,
  stateFolder,
  writeFleet,
} from './state.ts'

let state: StateFolder
beforeEach(() => {
  state = stateFolder(mkdtempSync(path.join(tmpdir(), 'mayday-state-')))
})
afterEach(() => rmSync(state.folder, { recursive: true }))

/** A process whose command line is `sleep`'s plus the given words. */
async function startNamed(...words: readonly string[]) {
  const child = spawn('sh', ['-c', 'echo up; sleep 60', ...words], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  return child
}

describe('fleet.json', () => {
  it('is read as it was written', () => {
    const fleet = {
      ...NEW_FLEET,
      pid: 12,
      port: 8787,
      url: 'http://localhost:8787',
      version: '1',
      process_groups: [13],
    }
    writeFleet(state, fleet)
    expect(readFleet(state)).toEqual(fleet)
  })

  it.each(['', '{"pid":', '{"pid":"x"}'])('%j counts as a new fleet', (text) => {
    mkdirSync(state.folder, { recursive: true })
    writeFileSync(state.fleetJson, text)
    expect(readFleet(state)).toEqual(NEW_FLEET)
  })
})

describe('a fleet that may still run', () => {
  it('runs when its process is a mayday start', async () => {
    const child = await startNamed('cli/mayday.ts', 'start')
    expect(runningFleetPid({ ...NEW_FLEET, pid: child.pid ?? 0 })).toBe(child.pid)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(runningFleetPid({ ...NEW_FLEET, pid: child.pid ?? 0 })).toBeNull()
  })

  it('does not when its process id now belongs to something else', async () => {
    const child = await startNamed('editor')
    expect(runningFleetPid({ ...NEW_FLEET, pid: child.pid ?? 0 })).toBeNull()
    child.kill('SIGKILL')
  })

  it('leaves processes that are ended: only those of a group that names its state folder', async () => {
    const ours = await startNamed(state.folder)
    const strangers = await startNamed('stranger')
    const fleet = { ...NEW_FLEET, process_groups: [ours.pid ?? 0, strangers.pid ?? 0] }
    expect(await endLeftovers(state, fleet)).toBeGreaterThanOrEqual(1)
    expect(groupMembers(ours.pid ?? 0)).toEqual([])
    expect(groupMembers(strangers.pid ?? 0)).not.toEqual([])
    process.kill(-(strangers.pid ?? 0), 'SIGKILL')
  })
})
