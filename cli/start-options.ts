import { type CommandResult, usage } from './command-result.ts'
import type { Vars } from './fleet-config.ts'
import { type RulesetChoice, rulesetChoice, rulesetVars } from './ruleset-at-start.ts'

/** Options of `mayday start` as commander gives them. */
export interface StartArguments {
  readonly port: string
  readonly state: string
  readonly ruleset?: string
  readonly empty?: true
  readonly var?: readonly string[]
}

/** The same, checked. */
export interface StartOptions {
  readonly kind: 'options'
  readonly port: number
  readonly state: string
  readonly demo: boolean
  readonly ruleset: RulesetChoice
  readonly vars: Vars
}

export const DEFAULT_PORT = 8787
const MAX_PORT = 65_535

/** Reads the options of `mayday start`, or says in one sentence what is wrong with them. */
export function readStartOptions(given: StartArguments): StartOptions | CommandResult {
  const port = /^\d+$/.test(given.port) ? Number(given.port) : Number.NaN
  if (!(port <= MAX_PORT))
    return usage(`--port must be a number from 0 (any free port) to ${MAX_PORT}; got "${given.port}".`)
  const ruleset = rulesetChoice(given.ruleset)
  if (ruleset.kind === 'failed' || ruleset.kind === 'usage' || ruleset.kind === 'done') return ruleset
  const vars: Record<string, string> = { ...rulesetVars(ruleset) }
  for (const text of given.var ?? []) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text)
    if (match === null) return usage(`--var takes NAME=VALUE with a name like SUBMITTER_TOKEN; got "${text}".`)
    const [, name = '', value = ''] = match
    vars[name] = value
  }
  return { kind: 'options', port, state: given.state, demo: given.empty !== true, ruleset, vars }
}
