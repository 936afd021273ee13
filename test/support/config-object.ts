import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '../..')

/** Puts a document into R2 CONFIG of the fleet with this state folder, as an operator does: it may run or not. */
export function putConfig(stateDir: string, key: string, text: string): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'mayday-config-'))
  const file = path.join(folder, 'document')
  writeFileSync(file, text)
  const put = ['r2', 'object', 'put', `mayday-config/${key}`, '--file', file, '--local']
  try {
    execFileSync(
      path.join(ROOT, 'node_modules', '.bin', 'wrangler'),
      [...put, '--persist-to', path.join(stateDir, 'wrangler')],
      { cwd: ROOT, env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' }, stdio: 'pipe' },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
