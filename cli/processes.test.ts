import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { groupMembers, listProcesses, stopGroup } from './processes.ts'

const STUBBORN = `trap '' TERM INT HUP; echo ready; sleep 60 & wait; sleep 60`

/** A process group of a shell and its child that take no SIGTERM. */
async function startStubborn(): Promise<number> {
  const child = spawn('sh', ['-c', STUBBORN], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

async function waitUntil(holds: () => boolean, ms: number): Promise<boolean> {
  const end = performance.now() + ms
  while (!holds() && performance.now() < end) await sleep(20)
  return holds()
}

describe('processes', () => {
  it('lists this one with its parent, group and command line', () => {
    const self = listProcesses().find((running) => running.pid === process.pid)
    expect(self?.parent).toBe(process.ppid)
    expect(self?.command).not.toBe('')
  })

  it('ends a group that obeys within the grace time', async () => {
    const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
    expect(await stopGroup(child.pid ?? 0)).toEqual([])
    expect(child.signalCode ?? 'SIGTERM').toBe('SIGTERM')
  })

  it('kills a group that ignores SIGTERM', async () => {
    const group = await startStubborn()
    expect(groupMembers(group).length).toBeGreaterThanOrEqual(1)
    expect(await stopGroup(group, 200)).toEqual([])
    expect(groupMembers(group)).toEqual([])
  })

  it('does not mind a group that is gone', async () => {
    expect(await stopGroup(2 ** 22 - 3)).toEqual([])
  })
})

describe('supervise', () => {
  const supervise = path.join(import.meta.dirname, 'supervise.ts')

  it('ends its whole group when the process that holds its pipe is SIGKILLed', async () => {
    const script = `
      const { spawn } = require('node:child_process')
      const child = spawn(process.execPath, [${JSON.stringify(supervise)}, 'sh', '-c', ${JSON.stringify(STUBBORN)}], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] })
      child.stdout.once('data', () => console.log(child.pid))`
    const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [data] = await once(holder.stdout, 'data')
    const group = Number(String(data))
    expect(groupMembers(group).length).toBeGreaterThanOrEqual(2)
    holder.kill('SIGKILL')
    expect(await waitUntil(() => groupMembers(group).length === 0, 8_000)).toBe(true)
  })

  it('passes on the exit code of its program, and ends what that left behind', async () => {
    const child = spawn(process.execPath, [supervise, 'sh', '-c', 'sleep 60 & exit 7'], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const [code] = await once(child, 'exit')
    expect(code).toBe(7)
    expect(groupMembers(child.pid ?? 0)).toEqual([])
  })
})
