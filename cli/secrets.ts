import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { StateFolder } from './state.ts'
import type { StepResult } from './step.ts'

/** Secrets that a fleet makes for itself, by the name of their variable. They stay the same over restarts: what they signed is in people's hands. */
const secretsSchema = z.object({ VIEW_URL_SECRET: z.string().min(32) })
export type Secrets = z.infer<typeof secretsSchema>

const SECRET_BYTES = 32

/** The fleet's secrets, made and kept on its first start. One that cannot be read is never replaced: addresses that people were given would end. */
export function fleetSecrets(state: StateFolder): StepResult<Secrets> {
  if (!existsSync(state.secretsJson)) {
    const secrets: Secrets = { VIEW_URL_SECRET: randomBytes(SECRET_BYTES).toString('hex') }
    write(state, secrets)
    return { kind: 'ok', value: secrets }
  }
  try {
    return { kind: 'ok', value: secretsSchema.parse(JSON.parse(readFileSync(state.secretsJson, 'utf8'))) }
  } catch {
    return {
      kind: 'failed',
      message: `${state.secretsJson} cannot be read. Put back a copy, or delete it: then addresses that reporters were given stop working.`,
    }
  }
}

/** In one step, so that a start that is interrupted leaves no half of it; for its owner alone. */
function write(state: StateFolder, secrets: Secrets): void {
  mkdirSync(state.folder, { recursive: true })
  const temporary = `${state.secretsJson}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, state.secretsJson)
}
