import { type CommandResult, failed, usage } from './command-result.ts'
import type { Vars } from './fleet-config.ts'

/** Options of `mayday start` as commander gives them. */
export interface StartArguments {
  readonly port: string
  readonly state: string
  readonly ruleset: string
  readonly empty?: true
  readonly var?: readonly string[]
}

/** The same, checked. */
export interface StartOptions {
  readonly kind: 'options'
  readonly port: number
  readonly state: string
  readonly demo: boolean
  readonly vars: Vars
}

export const DEFAULT_PORT = 8787
const MAX_PORT = 65_535
/** The collector's built-in rulesets that can be named. */
const RULESETS = ['accept-everything']

/** Reads the options of `mayday start`, or says in one sentence what is wrong with them. */
export function readStartOptions(given: StartArguments): StartOptions | CommandResult {
  const port = /^\d+$/.test(given.port) ? Number(given.port) : Number.NaN
  if (!(port <= MAX_PORT))
    return usage(`--port must be a number from 0 (any free port) to ${MAX_PORT}; got "${given.port}".`)
  if (!RULESETS.includes(given.ruleset)) {
    return failed(`There is no ruleset "${given.ruleset}"; --ruleset takes: ${RULESETS.join(', ')}.`)
  }
  const vars: Record<string, string> = {}
  for (const text of given.var ?? []) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text)
    if (match === null) return usage(`--var takes NAME=VALUE with a name like SUBMITTER_TOKEN; got "${text}".`)
    const [, name = '', value = ''] = match
    vars[name] = value
  }
  return { kind: 'options', port, state: given.state, demo: given.empty !== true, vars }
}
