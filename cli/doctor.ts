import { accessSync, constants, existsSync, mkdirSync, statfsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { Command } from 'commander'
import { findChromium } from '../scripts/chromium.ts'
import { type CommandResult, DONE, failed, type Terminal, usage } from './command-result.ts'
import { askHeartbeat } from './heartbeat.ts'
import { checkPort } from './port.ts'
import { ROOT } from './repository.ts'
import { findCargo, isBuilt, stackwalkerPaths } from './stackwalker-build.ts'
import { DEFAULT_PORT, readStartOptions } from './start-options.ts'
import { DEFAULT_STATE, readFleet, runningFleetPid, stateFolder } from './state.ts'

/** One thing that was looked at. `trouble` stops a fleet; `warning` takes something from it. */
export interface Finding {
  readonly kind: 'fine' | 'warning' | 'trouble'
  readonly what: string
  readonly says: string
}

const MIN_NODE_MAJOR = 24
/** The Rust build takes 400 MB, packages 650 MB, state grows with use. */
const LOW_DISK_BYTES = 2 * 1024 ** 3
const NO_DISK_BYTES = 200 * 1024 ** 2

/** Looks at everything that a fleet needs on this machine. */
export async function examine(port: number, folder: string): Promise<readonly Finding[]> {
  const state = stateFolder(folder)
  const fleet = readFleet(state)
  const pid = runningFleetPid(fleet)
  return [
    examineNode(),
    examinePackages(),
    examineStackwalker(),
    examineChromium(),
    examineState(state.folder),
    examineDisk(state.folder),
    ...(pid === null ? [await examinePort(port)] : [await examineFleet(fleet.url, pid)]),
  ]
}

function examineNode(): Finding {
  const version = process.versions.node
  if (Number(version.split('.')[0]) >= MIN_NODE_MAJOR) return { kind: 'fine', what: 'Node', says: version }
  return {
    kind: 'trouble',
    what: 'Node',
    says: `${version} is too old: run through npm (\`npm run mayday -- doctor\`), which brings Node ${MIN_NODE_MAJOR}`,
  }
}

function examinePackages(): Finding {
  const require = createRequire(path.join(ROOT, 'package.json'))
  const missing = ['wrangler', 'workerd', 'esbuild'].filter((name) => {
    try {
      require.resolve(`${name}/package.json`)
      return false
    } catch {
      return true
    }
  })
  if (missing.length === 0) return { kind: 'fine', what: 'npm packages', says: 'installed' }
  return { kind: 'trouble', what: 'npm packages', says: `${missing.join(', ')} missing: run \`npm ci\`` }
}

function examineStackwalker(): Finding {
  const what = 'stackwalker'
  if (isBuilt(stackwalkerPaths(ROOT, process.env))) return { kind: 'fine', what, says: 'built from the present source' }
  if (findCargo(process.env) !== null)
    return { kind: 'warning', what, says: 'not built yet: `npm start` does it once (about two minutes)' }
  return { kind: 'warning', what, says: 'cargo is missing: install Rust (rustup.rs); until then crashes stay queued' }
}

function examineChromium(): Finding {
  const chromium = findChromium()
  if (chromium !== null) return { kind: 'fine', what: 'Chromium', says: chromium }
  return {
    kind: 'warning',
    what: 'Chromium',
    says: 'not found; only tests and screenshots need it: `apt-get install chromium`, or set CHROMIUM',
  }
}

function examineState(folder: string): Finding {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return { kind: 'fine', what: 'state folder', says: folder }
  } catch {
    return {
      kind: 'trouble',
      what: 'state folder',
      says: `${folder} cannot be written: change its owner, or give another one with --state`,
    }
  }
}

function examineDisk(folder: string): Finding {
  const { bavail, bsize } = statfsSync(existsSync(folder) ? folder : ROOT)
  const free = bavail * bsize
  const says = `${(free / 1024 ** 3).toFixed(1)} GiB free`
  if (free < NO_DISK_BYTES) return { kind: 'trouble', what: 'disk', says: `${says}: make room before you start` }
  return { kind: free < LOW_DISK_BYTES ? 'warning' : 'fine', what: 'disk', says }
}

async function examinePort(port: number): Promise<Finding> {
  const check = await checkPort(port)
  switch (check.kind) {
    case 'free':
      return { kind: 'fine', what: `port ${port}`, says: 'free' }
    case 'in_use':
      return { kind: 'trouble', what: `port ${port}`, says: 'in use by another program: give another one with --port' }
    case 'refused':
      return {
        kind: 'trouble',
        what: `port ${port}`,
        says: `cannot be used (${check.detail}): give another one with --port`,
      }
  }
}

async function examineFleet(url: string, pid: number): Promise<Finding> {
  const heartbeat = await askHeartbeat(url)
  const what = 'fleet'
  switch (heartbeat.kind) {
    case 'healthy':
      if (heartbeat.warnings.length > 0)
        return { kind: 'warning', what, says: `${url}: ${heartbeat.warnings.join('; ')}` }
      return { kind: 'fine', what, says: `healthy on ${url}` }
    case 'ill':
      return {
        kind: 'trouble',
        what,
        says: `${url} is not healthy (${heartbeat.errors.join('; ')}): see logs/fleet.log in its state folder`,
      }
    case 'silent':
      return {
        kind: 'trouble',
        what,
        says: `process ${pid} runs but ${url} does not answer (${heartbeat.detail}): stop it and start again`,
      }
  }
}

const MARKS: Readonly<Record<Finding['kind'], string>> = { fine: '✓', warning: '!', trouble: '✗' }

async function doctorCommand(
  options: { readonly port: string; readonly state: string },
  terminal: Terminal,
): Promise<CommandResult> {
  const read = readStartOptions(options)
  if (read.kind !== 'options') return read
  if (read.port === 0) return usage('--port 0 means any free port; there is nothing to look at.')
  const findings = await examine(read.port, read.state)
  const width = Math.max(...findings.map((finding) => finding.what.length))
  for (const { kind, what, says } of findings) terminal.out(`${MARKS[kind]} ${what.padEnd(width)}  ${says}`)
  const troubles = findings.filter((finding) => finding.kind === 'trouble')
  return troubles.length === 0
    ? DONE
    : failed(`Not ready to start: ${troubles.map((finding) => finding.what).join(', ')}.`)
}

/** Adds `mayday doctor`. */
export function addDoctorCommand(
  program: Command,
  run: (work: Promise<CommandResult>) => Promise<void>,
  terminal: Terminal,
): void {
  program
    .command('doctor')
    .description('look at everything a fleet needs on this machine, and say what to do')
    .option('--port <n>', 'the port that the fleet would use', String(DEFAULT_PORT))
    .option('--state <dir>', "the fleet's state folder", DEFAULT_STATE)
    .addHelpText(
      'after',
      '\nExit code 1 when something stops a fleet (✗). Warnings (!) only take something from it.\n\nExample:\n  npm run --silent mayday -- doctor',
    )
    .action((options: { port: string; state: string }) => run(doctorCommand(options, terminal)))
}
