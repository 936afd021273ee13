import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { listProcesses, stopGroup } from './processes.ts'

/** Where a fleet keeps everything (DESIGN.md section 9). Deleting the folder forgets the fleet. */
export interface StateFolder {
  readonly folder: string
  readonly config: string
  readonly wrangler: string
  readonly registry: string
  readonly logs: string
  readonly fleetLog: string
  readonly stackwalkerCache: string
  readonly fleetJson: string
  readonly secretsJson: string
}

export const DEFAULT_STATE = '.mayday'

/** The paths under a state folder, which need not exist yet. */
export function stateFolder(folder: string): StateFolder {
  const absolute = path.resolve(folder)
  return {
    folder: absolute,
    config: path.join(absolute, 'config'),
    wrangler: path.join(absolute, 'wrangler'),
    registry: path.join(absolute, 'registry'),
    logs: path.join(absolute, 'logs'),
    fleetLog: path.join(absolute, 'logs', 'fleet.log'),
    stackwalkerCache: path.join(absolute, 'stackwalker-cache'),
    fleetJson: path.join(absolute, 'fleet.json'),
    secretsJson: path.join(absolute, 'secrets.json'),
  }
}

const fleetSchema = z.object({
  /** The process id of `mayday start`; null when the fleet was stopped in order. */
  pid: z.number().int().positive().nullable(),
  port: z.number().int(),
  url: z.string(),
  version: z.string(),
  /** Process groups that the fleet started, for whoever must end a fleet that was killed. */
  process_groups: z.array(z.number().int().positive()),
  demo_loaded: z.boolean(),
  /** How far the demo came: a start that was interrupted goes on where it stopped, and sends no crash twice. */
  demo: z.object({ symbols_uploaded: z.boolean(), crash_ids: z.record(z.string(), z.string()) }),
})
export type Fleet = z.infer<typeof fleetSchema>

export const NEW_FLEET: Fleet = {
  pid: null,
  port: 0,
  url: '',
  version: '',
  process_groups: [],
  demo_loaded: false,
  demo: { symbols_uploaded: false, crash_ids: {} },
}

/** What fleet.json says; a folder without one, or with one that cannot be read, holds a new fleet. */
export function readFleet(state: StateFolder): Fleet {
  try {
    return fleetSchema.parse(JSON.parse(readFileSync(state.fleetJson, 'utf8')))
  } catch {
    return NEW_FLEET
  }
}

/** Writes fleet.json in one step, so that a reader never sees half of it. */
export function writeFleet(state: StateFolder, fleet: Fleet): void {
  mkdirSync(state.folder, { recursive: true })
  const temporary = `${state.fleetJson}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(fleet, null, 2)}\n`)
  renameSync(temporary, state.fleetJson)
}

/** The pid of the fleet that runs on this folder, or null. A reused process id is told apart by its command line. */
export function runningFleetPid(fleet: Fleet): number | null {
  if (fleet.pid === null || fleet.pid === process.pid) return null
  const owner = listProcesses().find((running) => running.pid === fleet.pid)
  return owner !== undefined && /mayday\S* start\b/.test(owner.command) ? owner.pid : null
}

/**
 * Ends what a killed fleet left behind, and answers how many processes that were. Only a group with a member that names this
 * state folder is touched: a group's number may be someone else's by now. They are gone when this answers, and so is their port.
 */
export async function endLeftovers(state: StateFolder, fleet: Fleet): Promise<number> {
  const left = listProcesses().filter((running) => fleet.process_groups.includes(running.group))
  const ours = new Set(left.filter((running) => running.command.includes(state.folder)).map((running) => running.group))
  await Promise.all([...ours].map((group) => stopGroup(group, 0)))
  return left.filter((running) => ours.has(running.group)).length
}
