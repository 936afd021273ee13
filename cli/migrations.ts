import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { StateFolder } from './state.ts'
import type { StepResult } from './step.ts'
import { wranglerEnvironment, wranglerProgram } from './wrangler.ts'

const MIGRATIONS_DEADLINE_MS = 120_000

/** A fingerprint of every migration of the repository: names and contents. */
export function migrationsDigest(folder: string): string {
  const hash = createHash('sha256')
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  for (const name of files.sort())
    hash
      .update(`${name}\0`)
      .update(readFileSync(path.join(folder, name)))
      .update('\0')
  return hash.digest('hex')
}

/**
 * Applies the migrations that the fleet's local D1 has not seen. wrangler needs 2 to 4 s even to say that nothing is new, so what
 * was applied is noted beside the database (and goes when the database goes), and wrangler is asked only after a change.
 */
export async function applyMigrations(
  migrations: string,
  config: string,
  state: StateFolder,
): Promise<StepResult<void>> {
  const digest = migrationsDigest(migrations)
  const stamp = path.join(state.wrangler, 'migrations.applied')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest)
    return { kind: 'ok', value: undefined, note: 'nothing new' }
  const apply = ['d1', 'migrations', 'apply', 'DB', '--local', '--persist-to', state.wrangler, '-c', config]
  try {
    await promisify(execFile)(process.execPath, [wranglerProgram(), ...apply], {
      env: wranglerEnvironment(state),
      timeout: MIGRATIONS_DEADLINE_MS,
    })
  } catch (thrown) {
    const text =
      thrown instanceof Error && 'stderr' in thrown ? `${thrown.message}\n${String(thrown.stderr)}` : String(thrown)
    return { kind: 'failed', message: `The D1 migrations could not be applied:\n${text.trim()}` }
  }
  mkdirSync(state.wrangler, { recursive: true })
  writeFileSync(stamp, digest)
  return { kind: 'ok', value: undefined }
}
