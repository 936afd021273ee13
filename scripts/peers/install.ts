import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { findPeer, notInstalledFile, PEERS_FOLDER } from '../../test/support/peers.ts'
import { type ProgramRun, printStep, ROOT, runProgram } from '../program.ts'

/**
 * `npm run peers`: installs the clients that test/clients runs against a fleet, or only those named after `--`. What is there
 * already stays; what cannot be installed is printed, with the reason that its test will print too.
 */
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  // A build beside the sources would be linted and packed.
  CARGO_TARGET_DIR: path.join(PEERS_FOLDER, 'target'),
}

function cargoInstall(...what: readonly string[]): Promise<ProgramRun> {
  return runProgram('cargo', ['install', '--locked', '--root', PEERS_FOLDER, ...what], { environment })
}

async function aptInstall(debianPackage: string): Promise<ProgramRun> {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const [program = '', ...before] = [...asRoot, 'apt-get']
  if (spawnSync(program, [...before, '--version']).status !== 0) {
    return {
      ok: false,
      output: `no apt-get, or no right to use it: install the package ${debianPackage}`,
      tookMs: 0,
      hung: false,
    }
  }
  await runProgram(program, [...before, 'update', '-q'], { environment })
  return runProgram(program, [...before, 'install', '-y', '-q', debianPackage], { environment })
}

/** A Python package with programs, in an environment of its own; the programs are linked beside the other clients. */
async function pipInstall(requirement: string, programs: readonly string[]): Promise<ProgramRun> {
  const [name = ''] = requirement.split('==')
  const folder = path.join(PEERS_FOLDER, name)
  const made = await runProgram('python3', ['-m', 'venv', folder])
  if (!made.ok) return made
  const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', requirement]
  const installed = await runProgram(path.join(folder, 'bin', 'python'), pip, { environment })
  if (!installed.ok) return installed
  mkdirSync(path.join(PEERS_FOLDER, 'bin'), { recursive: true })
  for (const program of programs) {
    const link = path.join(PEERS_FOLDER, 'bin', program)
    rmSync(link, { force: true })
    symlinkSync(path.join(folder, 'bin', program), link)
  }
  return installed
}

const CLIENTS: Readonly<Record<string, () => Promise<ProgramRun>>> = {
  'minidump-stackwalk': () => cargoInstall('minidump-stackwalk', '--version', '=0.27.0'),
  'debuginfod-find': () => aptInstall('debuginfod'),
  'wholesym-lookup': () => cargoInstall('--path', path.join(ROOT, 'scripts/peers/wholesym-lookup')),
  python3: () => aptInstall('python3'),
  // Four programs of one package; each client is known by one.
  supersearch: () =>
    pipInstall('crashstats-tools==2.1.0', ['supersearch', 'supersearchfacet', 'fetch-data', 'reprocess']),
}

const asked = process.argv.slice(2)
mkdirSync(PEERS_FOLDER, { recursive: true })
for (const [client, install] of Object.entries(CLIENTS)) {
  if (asked.length > 0 && !asked.includes(client)) continue
  if (findPeer(client).kind === 'installed') {
    console.log(`✓ ${client}: there already`)
    continue
  }
  const run = await install()
  const peer = findPeer(client)
  printStep(client, { ...run, ok: peer.kind === 'installed' })
  const lastLine = run.output.trim().split('\n').at(-1) ?? ''
  if (peer.kind === 'installed') rmSync(notInstalledFile(client), { force: true })
  else writeFileSync(notInstalledFile(client), `${lastLine}\n`)
}
