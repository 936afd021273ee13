import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process of this machine. */
export interface RunningProcess {
  readonly pid: number
  readonly parent: number
  readonly group: number
  /** The command line, words joined by spaces. */
  readonly command: string
}

/**
 * Every live process. Zombies are left out: under a container whose first process does not reap, a stopped workerd stays in
 * the table for ever, and `kill(pid, 0)` calls it alive.
 */
export function listProcesses(): readonly RunningProcess[] {
  return process.platform === 'linux' ? listProc() : listPs()
}

function listProc(): readonly RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = readOrNull(`/proc/${name}/stat`)
      if (stat === null) return []
      // `pid (name) state ppid pgrp …`; the name may hold spaces and parentheses.
      const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (state === 'Z' || state === 'X') return []
      const command = (readOrNull(`/proc/${name}/cmdline`) ?? '').replaceAll('\0', ' ').trim()
      return [{ pid: Number(name), parent: Number(parent), group: Number(group), command }]
    })
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // The process ended between the listing and the read.
    return null
  }
}

function listPs(): readonly RunningProcess[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line)
      if (match === null || match[4]?.startsWith('Z')) return []
      const [pid = 0, parent = 0, group = 0] = match.slice(1, 4).map(Number)
      return [{ pid, parent, group, command: match[5] ?? '' }]
    })
}

/** The live members of a process group. */
export function groupMembers(group: number): readonly RunningProcess[] {
  return listProcesses().filter((running) => running.group === group)
}

/** Sends a signal to a whole group; a group that is gone is not an error. */
function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch {
    // ESRCH: nobody is left.
  }
}

/** A wrangler that finishes its requests gets this long before it is killed. */
const STOP_GRACE_MS = 3_000
/** After SIGKILL only the kernel's own work is left. */
const KILL_GRACE_MS = 2_000
const POLL_MS = 50

/**
 * Ends a process group: SIGTERM, then SIGKILL after `graceMs` for whoever is left. Answers the members that even so did not
 * go (none, unless one is stuck in the kernel).
 */
export async function stopGroup(group: number, graceMs = STOP_GRACE_MS): Promise<readonly RunningProcess[]> {
  signalGroup(group, 'SIGTERM')
  if ((await waitUntilGone(group, graceMs)).length === 0) return []
  signalGroup(group, 'SIGKILL')
  return waitUntilGone(group, KILL_GRACE_MS)
}

async function waitUntilGone(group: number, forMs: number): Promise<readonly RunningProcess[]> {
  const end = performance.now() + forMs
  let members = groupMembers(group)
  while (members.length > 0 && performance.now() < end) {
    await sleep(POLL_MS)
    members = groupMembers(group)
  }
  return members
}
