import path from 'node:path'
import type { Command } from 'commander'
import { systemClock } from '#shared/clock.ts'
import { bringUp, type Start } from './bring-up.ts'
import { type CommandResult, DONE, failed, type Terminal } from './command-result.ts'
import { logTail, openFleetLog } from './fleet-log.ts'
import { keepTime } from './heartbeat.ts'
import { checkPort } from './port.ts'
import { maydayVersion } from './repository.ts'
import { DEFAULT_PORT, readStartOptions, type StartArguments } from './start-options.ts'
import { DEFAULT_STATE, endLeftovers, readFleet, runningFleetPid, stateFolder, writeFleet } from './state.ts'
import { formatSeconds, printedSteps } from './step.ts'
import { stopSignal } from './stop-signal.ts'
import { collect } from './submit.ts'

const LOG_TAIL_LINES = 15

/** Runs a whole fleet in the foreground until a signal comes, then stops everything that it started. */
async function startCommand(given: StartArguments, terminal: Terminal): Promise<CommandResult> {
  const options = readStartOptions(given)
  if (options.kind !== 'options') return options
  const startedAt = performance.now()
  const state = stateFolder(options.state)
  const fleet = readFleet(state)
  const pid = runningFleetPid(fleet)
  if (pid !== null) {
    return failed(
      `A fleet already runs on ${state.folder} (process ${pid}, ${fleet.url}): stop it, or give another --state folder.`,
    )
  }
  const killed = await endLeftovers(state, fleet)
  if (killed > 0) terminal.out(`! ended ${killed} processes that a killed fleet left behind`)
  const port = await checkPort(options.port)
  if (port.kind === 'in_use')
    return failed(`Port ${options.port} is in use: stop what listens there, or give another one with --port.`)
  if (port.kind === 'refused')
    return failed(`Port ${options.port} cannot be used (${port.detail}): give another one with --port.`)
  const stop = stopSignal()
  const start: Start = {
    ...{ options, state, port: port.port, terminal, signal: stop.signal, stops: [] },
    origin: `http://127.0.0.1:${port.port}`,
    url: `http://localhost:${port.port}`,
    steps: printedSteps(terminal),
    log: openFleetLog(state.fleetLog, systemClock, (text) => terminal.err(`! ${text}`)),
    fleet: {
      ...fleet,
      pid: process.pid,
      port: port.port,
      url: `http://localhost:${port.port}`,
      version: maydayVersion(),
      process_groups: [],
    },
  }
  try {
    writeFleet(state, start.fleet)
    const workers = await bringUp(start)
    if (workers.kind === 'failed') return stop.signal.aborted ? DONE : failed(workers.message)
    sayReady(start, performance.now() - startedAt)
    void keepTime(start.origin, stop.signal, (text) => terminal.err(`! ${text}`))
    const ended = await Promise.race([workers.value.ended, stop.fired])
    if (stop.signal.aborted) return DONE
    return failed(
      `The Workers stopped by themselves (exit code ${ended ?? 'none'}). The last lines of their log:\n${logTail(state.fleetLog, LOG_TAIL_LINES)}`,
    )
  } finally {
    stop.abort()
    await stopEverything(start)
  }
}

async function stopEverything(start: Start): Promise<void> {
  if (start.stops.length > 0) start.terminal.out('Stopping…')
  await Promise.all(start.stops.map((stop) => stop()))
  writeFleet(start.state, { ...start.fleet, pid: null, process_groups: [] })
}

function sayReady(start: Start, tookMs: number): void {
  const { terminal, url, state } = start
  const crashId = start.fleet.demo.crash_ids['templates.dmp']
  const stateOption = state.folder === path.resolve(DEFAULT_STATE) ? '' : ` --state ${state.folder}`
  const run = 'npm run --silent mayday --'
  terminal.out('')
  terminal.out(`Mayday is ready on ${url}`)
  terminal.out(
    `  (after ${formatSeconds(tookMs)}; Ctrl-C stops it; the log is ${path.relative(process.cwd(), state.fleetLog)})`,
  )
  terminal.out('')
  terminal.out('Try next:')
  terminal.out(crashId === undefined ? `  open ${url}/search/` : `  open ${url}/report/index/${crashId}`)
  terminal.out(
    `  ${run} submit --url ${url} -a ProductName=WaterWolf -a Version=1.0 test/fixtures/crashes/dumps/null_chain.dmp`,
  )
  terminal.out(`  ${run} token create --email me@example.com --permissions upload_symbols${stateOption}`)
}

/** Adds `mayday start`. */
export function addStartCommand(
  program: Command,
  run: (work: Promise<CommandResult>) => Promise<void>,
  terminal: Terminal,
): void {
  program
    .command('start')
    .description('build what is missing and run the whole fleet on one port, in the foreground')
    .option('--port <n>', 'port of the fleet; 0 picks a free one', String(DEFAULT_PORT))
    .option('--state <dir>', 'folder for all state; deleting it forgets everything', DEFAULT_STATE)
    .option('--ruleset <name|file>', 'throttle rules: accept-everything (default), mozilla, or a JSON file')
    .option('--empty', 'do not load the demo crashes on the first start')
    .option('--var <name=value>', 'set a variable in every Worker (repeatable)', collect)
    .addHelpText(
      'after',
      `
Ctrl-C stops everything it started. Two fleets run side by side with different ports and state folders.

Examples:
  npm start
  npm start -- --ruleset mozilla
  npm start -- --port 8800 --state /tmp/second --empty --var SUBMITTER_TOKEN=secret`,
    )
    .action((given: StartArguments) => run(startCommand(given, terminal)))
}
