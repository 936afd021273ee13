import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Terminal } from './command-result.ts'
import { commandHelps, runCommandLine } from './program.ts'

/** Runs a command line in this process: what mayday.ts does, with the streams kept. */
async function mayday(...args: readonly string[]) {
  const run = { code: 0, stdout: '', stderr: '' }
  const terminal: Terminal = {
    out(line) {
      run.stdout += `${line}\n`
    },
    err(line) {
      run.stderr += `${line}\n`
    },
    interactive: false,
  }
  run.code = await runCommandLine(args, terminal)
  return run
}
const URL = 'http://127.0.0.1:65535'

afterEach(() => vi.unstubAllEnvs())

describe('a wrong command line', () => {
  it.each([
    [['start', '--port', 'x'], 2, '--port must be a number from 0'],
    [['start', '--port', '65536'], 2, '--port must be a number from 0'],
    [['start', '--var', 'nope'], 2, '--var takes NAME=VALUE'],
    [
      ['start', '--ruleset', 'mozila'],
      1,
      'There is no ruleset "mozila"; --ruleset takes: accept-everything, mozilla, or a JSON file.',
    ],
    [['start', '--ruleset', 'nowhere.json'], 1, 'Cannot read nowhere.json (ENOENT).'],
    [
      ['token', 'create', '--email', 'a@b.c', '--permissions', 'fly'],
      2,
      'Unknown permission "fly". The permissions are: view_pii,',
    ],
    [['token', 'create', '--email', 'a@b.c', '--permissions', 'upload_symbols,upload_try_symbols'], 2, 'never both'],
    [['token', 'create', '--email', 'nobody', '--permissions', 'view_pii'], 2, '--email must be an e-mail address'],
    [['token', 'create', '--permissions', 'view_pii'], 2, '--email'],
    [
      ['user', 'groups', '--email', 'a@b.c', '--groups', 'admin'],
      2,
      'Unknown group "admin". The groups are: viewers, investigators, uploaders, admins.',
    ],
    [['user', 'groups', '--email', 'nobody', '--groups', 'admins'], 2, '--email must be an e-mail address'],
    [['user', 'groups', '--email', 'a@b.c'], 2, '--groups'],
    [
      ['token', 'create', '--email', 'a@b.c', '--permissions', 'upload_symbols', '--product', ' '],
      2,
      '--product must be the name of a product',
    ],
    [['submit', '--url', 'ftp://x', 'a.dmp'], 2, '--url must be an http or https address'],
    [['submit', '--url', URL, '-a', 'NoValue'], 2, '-a takes NAME=VALUE'],
    [['submit', '--url', URL], 2, 'Nothing to submit'],
    [['submit', '--url', URL, '/no/such.dmp'], 1, 'Cannot read the dump /no/such.dmp'],
    [['submit', '--url', URL, '-a', 'A=b'], 1, 'Keep it and submit it again later'],
    [['upload-symbols', '--url', URL, tmpdir()], 2, 'No token: give --token or set MAYDAY_TOKEN'],
    [['upload-symbols', '--url', 'x', '--token', 't', '/no'], 2, '--url must be'],
    [['upload-symbols', '--url', URL, '--token', 't', '/no/such.sym'], 1, 'No symbol files were found'],
    [['upload-symbols', '--url', URL, '--token', 't'], 2, "missing required argument 'path'"],
    [['fly'], 2, "unknown command 'fly'"],
    [['submit', '--url', URL, '--fly'], 2, "unknown option '--fly'"],
  ])('%j exits with %i and says on standard error what to do', async (args, code, says) => {
    vi.stubEnv('MAYDAY_TOKEN', '')
    const run = await mayday(...args)
    expect(run).toMatchObject({ code, stdout: '' })
    expect(run.stderr).toContain(says)
    expect(run.stderr).not.toMatch(/\n\s+at /)
  })

  it('shows the help without a command, with exit code 2', async () => {
    expect(await mayday()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Usage: mayday') })
  })
})

describe('help', () => {
  it('goes to standard output with exit code 0', async () => {
    const run = await mayday('submit', '--help')
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect(run.stdout).toContain('Example:')
  })

  it('has a description and an example for every command', () => {
    for (const { name, command, text } of commandHelps()) {
      expect(command.description(), name).not.toBe('')
      if (command.commands.length === 0) expect(text, name).toMatch(/Examples?:\n {2}(npm|MAYDAY_TOKEN)/)
    }
  })

  it('is what the program itself prints', () => {
    const run = spawnSync(process.execPath, [path.join(import.meta.dirname, 'mayday.ts'), 'submit', '--help'], {
      encoding: 'utf8',
    })
    expect(run).toMatchObject({ status: 0, stderr: '' })
    expect(run.stdout).toContain('post a crash report and print its crash id')
  })
})
