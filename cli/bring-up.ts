import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Terminal } from './command-result.ts'
import { loadDemo } from './demo.ts'
import { fleetConfigs, type Vars, writeFleetConfigs } from './fleet-config.ts'
import { type FleetLog, logTail } from './fleet-log.ts'
import { triggerCron, waitUntilHealthy } from './heartbeat.ts'
import { applyMigrations } from './migrations.ts'
import { maydayVersion, ROOT } from './repository.ts'
import { applyRuleset } from './ruleset-at-start.ts'
import { fleetSecrets } from './secrets.ts'
import { type StackwalkerService, startStackwalker } from './stackwalker.ts'
import { buildStackwalker, stackwalkerPaths } from './stackwalker-build.ts'
import type { StartOptions } from './start-options.ts'
import { type Fleet, type StateFolder, writeFleet } from './state.ts'
import { formatSeconds, type StepResult, type Steps } from './step.ts'
import { startSymbolsProxy } from './symbols-proxy.ts'
import { makeToken } from './token.ts'
import { type Companion, startWorkers, wranglerProgram } from './wrangler.ts'

/** The Workers answer their heartbeat within this time, on a machine that is busy with something else too. */
const HEALTHY_DEADLINE_MS = 90_000
/** An address where nothing listens: the Workers see at once that there is no stackwalker, and keep the crashes. */
const NO_STACKWALKER_URL = 'http://127.0.0.1:9'
const LOG_TAIL_LINES = 15
/** The Node that runs TypeScript without a build step. */
const MIN_NODE_MAJOR = 24

/** What a start holds on to while it runs: everything started is in `stops`, last started last. */
export interface Start {
  readonly options: StartOptions
  readonly state: StateFolder
  readonly port: number
  readonly origin: string
  readonly url: string
  readonly terminal: Terminal
  readonly steps: Steps
  readonly log: FleetLog
  readonly signal: AbortSignal
  readonly stops: (() => Promise<void>)[]
  fleet: Fleet
}

/** The steps of a start, in order; each failure ends the start, a missing stackwalker does not. */
export async function bringUp(start: Start): Promise<StepResult<Companion>> {
  const { steps, state, options, signal } = start
  const tools = await steps.run('Node and wrangler', checkTools)
  if (tools.kind === 'failed') return tools
  const stackwalker = await bringUpStackwalker(start)
  if (signal.aborted) return interrupted
  const configs = await steps.run('Configuration of every Worker', async () => writeConfigs(start, stackwalker))
  if (configs.kind === 'failed') return configs
  const withDatabase = configs.value.find((config) => path.basename(config) === 'mayday-dashboard.json') ?? ''
  const migrated = await steps.run('D1 migrations', () =>
    applyMigrations(path.join(ROOT, 'migrations'), withDatabase, state),
  )
  if (migrated.kind === 'failed') return migrated
  if (options.ruleset.kind !== 'none') {
    const ruleset = await steps.run('Throttle rules', () => applyRuleset(options.ruleset, state))
    if (ruleset.kind === 'failed') return ruleset
  }
  if (signal.aborted) return interrupted
  const workers = await steps.run('Workers', () => bringUpWorkers(start, configs.value))
  if (workers.kind === 'failed') return workers
  await steps.run('Reconcile', async (): Promise<StepResult<void>> => {
    const ran = await triggerCron(start.origin, 'start')
    return ran
      ? { kind: 'ok', value: undefined }
      : { kind: 'warned', value: undefined, note: 'the scheduler did not answer; it runs again within five minutes.' }
  })
  if (options.demo && !start.fleet.demo_loaded && !signal.aborted)
    await loadTheDemo(start, stackwalker !== NO_STACKWALKER_URL)
  return signal.aborted ? interrupted : workers
}

const interrupted: StepResult<never> = { kind: 'failed', message: 'interrupted' }

async function checkTools(): Promise<StepResult<void>> {
  const major = Number(process.versions.node.split('.')[0])
  if (major < MIN_NODE_MAJOR) {
    return {
      kind: 'failed',
      message: `Node ${MIN_NODE_MAJOR} is needed, this is ${process.versions.node}: start with \`npm start\`, which brings its own.`,
    }
  }
  try {
    wranglerProgram()
    return { kind: 'ok', value: undefined, note: `Node ${process.versions.node}` }
  } catch {
    return { kind: 'failed', message: 'wrangler is not installed: run `npm ci` first.' }
  }
}

/** Answers the URL that the Workers get. A `--var STACKWALKER_URL=…` of the command line means that someone else runs it. */
async function bringUpStackwalker(start: Start): Promise<string> {
  const { steps, state, options, signal } = start
  const given = options.vars.STACKWALKER_URL
  if (given !== undefined) return given
  const built = await steps.run('Stackwalker build', () =>
    buildStackwalker(stackwalkerPaths(ROOT, process.env), process.env, start.terminal, signal),
  )
  if (built.kind === 'failed' || built.value === null || signal.aborted) return NO_STACKWALKER_URL
  const binary = built.value
  const noteGroup = (service: StackwalkerService) => noteGroups(start, service.group())
  const symbolsUrl = await symbolsUrlOf(start)
  let running: StackwalkerService | null = null
  const service = await steps.run('Stackwalker', () =>
    startStackwalker({
      ...{ binary, symbolsUrl, cache: state.stackwalkerCache, log: start.log },
      onRestart: (text) => {
        start.terminal.err(`! ${text}`)
        if (running !== null) noteGroup(running)
      },
    }),
  )
  if (service.kind === 'failed') {
    start.terminal.err(`! ${service.message} Crashes stay queued.`)
    return NO_STACKWALKER_URL
  }
  running = service.value
  start.stops.push(service.value.stop)
  noteGroup(service.value)
  return service.value.url
}

/** Where the stackwalker process gets symbols: a private symbol server asks it for a token, which the proxy adds. */
async function symbolsUrlOf(start: Start): Promise<string> {
  if (start.options.vars.SYMBOL_ACCESS !== 'private') return start.origin
  const proxy = await startSymbolsProxy(start.origin, async () => {
    const made = await makeToken(start.state, 'stackwalker@localhost', ['download_symbols'])
    return made.kind === 'token' ? made.token : null
  })
  start.stops.push(proxy.stop)
  return proxy.url
}

function noteGroups(start: Start, group: number | null): void {
  if (group === null) return
  start.fleet = { ...start.fleet, process_groups: [...start.fleet.process_groups, group] }
  writeFleet(start.state, start.fleet)
}

function writeConfigs(start: Start, stackwalkerUrl: string): StepResult<readonly string[]> {
  const secrets = fleetSecrets(start.state)
  if (secrets.kind === 'failed') return secrets
  const vars: Vars = {
    ...secrets.value,
    MAYDAY_ENV: 'development',
    MAYDAY_VERSION: maydayVersion(),
    ...start.options.vars,
    STACKWALKER_URL: stackwalkerUrl,
  }
  mkdirSync(start.state.registry, { recursive: true })
  return { kind: 'ok', value: writeFleetConfigs(fleetConfigs(ROOT, vars), start.state.config) }
}

async function bringUpWorkers(start: Start, configs: readonly string[]): Promise<StepResult<Companion>> {
  const workers = startWorkers(configs, start.state, start.port, start.log)
  if (workers === null) return { kind: 'failed', message: 'wrangler could not be run.' }
  start.stops.push(workers.stop)
  noteGroups(start, workers.group)
  const waiting = new AbortController()
  const heartbeat = await Promise.race([
    waitUntilHealthy(start.origin, HEALTHY_DEADLINE_MS, AbortSignal.any([start.signal, waiting.signal])),
    workers.ended.then((code): { readonly kind: 'ended'; readonly code: number | null } => ({ kind: 'ended', code })),
  ])
  waiting.abort()
  const tail = () => `The last lines of ${start.state.fleetLog}:\n${logTail(start.state.fleetLog, LOG_TAIL_LINES)}`
  switch (heartbeat.kind) {
    case 'healthy':
      return { kind: 'ok', value: workers, note: `${configs.length} on one port` }
    case 'ill':
      return { kind: 'failed', message: `The Workers are not healthy: ${heartbeat.errors.join('; ')}.` }
    case 'silent':
      return {
        kind: 'failed',
        message: `The Workers did not answer within ${formatSeconds(HEALTHY_DEADLINE_MS)} (${heartbeat.detail}). ${tail()}`,
      }
    case 'ended':
      return { kind: 'failed', message: `wrangler ended with exit code ${heartbeat.code ?? 'none'}. ${tail()}` }
  }
}

async function loadTheDemo(start: Start, processed: boolean): Promise<void> {
  const demo = await start.steps.run('Demo', () =>
    loadDemo(start.fleet, {
      ...{ origin: start.origin, state: start.state, processed, signal: start.signal },
      crashes: path.join(ROOT, 'test', 'fixtures', 'crashes'),
    }),
  )
  if (demo.kind !== 'failed')
    start.fleet = { ...start.fleet, demo_loaded: demo.value.demo_loaded, demo: demo.value.demo }
}
