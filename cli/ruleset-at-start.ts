import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { RULESET_NAMES } from '#shared/throttle/ruleset-names.ts'
import { type CommandResult, failed } from './command-result.ts'
import type { Vars } from './fleet-config.ts'
import { readRulesetFile } from './ruleset-file.ts'
import type { StateFolder } from './state.ts'
import type { StepResult } from './step.ts'
import { wranglerEnvironment, wranglerProgram } from './wrangler.ts'

const WRANGLER_DEADLINE_MS = 60_000
const DOCUMENT = 'mayday-config/throttle.json'

/** What `--ruleset` says: nothing, a built-in ruleset by its name, or a document. */
export type RulesetChoice =
  | { readonly kind: 'none' }
  | { readonly kind: 'built_in'; readonly name: string }
  | { readonly kind: 'file'; readonly file: string }

/** Reads `--ruleset NAME|FILE`. A file is validated before anything starts; its mistakes are named by rule. */
export function rulesetChoice(given: string | undefined): RulesetChoice | CommandResult {
  if (given === undefined) return { kind: 'none' }
  if (RULESET_NAMES.some((name) => name === given)) return { kind: 'built_in', name: given }
  if (!given.endsWith('.json') && !existsSync(given)) {
    return failed(`There is no ruleset "${given}"; --ruleset takes: ${RULESET_NAMES.join(', ')}, or a JSON file.`)
  }
  const read = readRulesetFile(given)
  return read.kind === 'ruleset' ? { kind: 'file', file: path.resolve(given) } : read
}

/** The variables that go with a choice. Mozilla's rules come with Mozilla's processing. */
export function rulesetVars(choice: RulesetChoice): Vars {
  if (choice.kind !== 'built_in') return {}
  return { RULESET: choice.name, ...(choice.name === 'mozilla' && { PRESET: 'mozilla' }) }
}

/**
 * Makes the choice count: a file becomes `throttle.json` of the fleet's R2 CONFIG; a name takes away what a file of an earlier start left there. Without a
 * choice everything stays as it is.
 */
export async function applyRuleset(choice: RulesetChoice, state: StateFolder): Promise<StepResult<void>> {
  switch (choice.kind) {
    case 'none':
      return { kind: 'ok', value: undefined }
    case 'built_in':
      return hasConfig(state) ? wranglerR2(['delete', DOCUMENT], state) : { kind: 'ok', value: undefined }
    case 'file':
      return wranglerR2(['put', DOCUMENT, '--file', choice.file, '--content-type', 'application/json'], state)
  }
}

/** Whether anything was ever stored in the fleet's R2 CONFIG: asking wrangler takes seconds. */
function hasConfig(state: StateFolder): boolean {
  const blobs = path.join(state.wrangler, 'v3', 'r2', 'mayday-config', 'blobs')
  return existsSync(blobs) && readdirSync(blobs).length > 0
}

async function wranglerR2(args: readonly string[], state: StateFolder): Promise<StepResult<void>> {
  const command = ['r2', 'object', ...args, '--local', '--persist-to', state.wrangler]
  try {
    await promisify(execFile)(process.execPath, [wranglerProgram(), ...command], {
      env: wranglerEnvironment(state),
      timeout: WRANGLER_DEADLINE_MS,
    })
    return { kind: 'ok', value: undefined }
  } catch (thrown) {
    const text = thrown instanceof Error && 'stderr' in thrown ? String(thrown.stderr) : String(thrown)
    return { kind: 'failed', message: `The ruleset could not be stored in R2 CONFIG:\n${text.trim()}` }
  }
}
