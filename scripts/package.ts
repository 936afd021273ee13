import { rmSync } from 'node:fs'
import path from 'node:path'
import { printStep, ROOT, runProgram } from './program.ts'

/** `prepack`: builds `mayday/signature`, JavaScript and types, into an empty dist/. Silent unless it fails: `npm pack` prints a file name that scripts read. */
rmSync(path.join(ROOT, 'dist'), { recursive: true, force: true })
const run = await runProgram(path.join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.package.json'])
if (!run.ok) {
  printStep('build the package', run)
  process.exitCode = 1
}
