import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of a second in /proc, on Linux. */
const TICKS_A_SECOND = 100

/** What /proc says of a process: its parent, its group, and the CPU that it took. */
interface Stat {
  readonly parent: number
  readonly group: number
  readonly seconds: number
}

/** CPU seconds, user and system, of all running processes that `isMeant`. Linux only: elsewhere NaN. */
function cpuSeconds(isMeant: (stat: Stat) => boolean): number {
  try {
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return processes.map(statOf).reduce((sum, stat) => sum + (stat !== null && isMeant(stat) ? stat.seconds : 0), 0)
  } catch {
    return Number.NaN
  }
}

/** Of the children of this process. */
export const cpuSecondsOfChildren = (): number => cpuSeconds(({ parent }) => parent === process.pid)

/** Of process groups. */
export const cpuSecondsOfGroups = (groups: readonly number[]): number =>
  cpuSeconds(({ group }) => groups.includes(group))

function statOf(pid: string): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program, in brackets, may hold anything.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [, parent = 0, group = 0] = fields
    return { parent, group, seconds: ((fields[11] ?? 0) + (fields[12] ?? 0)) / TICKS_A_SECOND }
  } catch {
    // It ended meanwhile.
    return null
  }
}
