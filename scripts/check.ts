import { printStep, ROOT, runProgram } from './program.ts'

/** What `npm run check` looks at; `npm test` runs it as well. Each is independent, so all are shown. */
const CHECKS: readonly { readonly name: string; readonly program: string; readonly args: readonly string[] }[] = [
  { name: 'types of the Workers and shared code', program: 'tsc', args: ['-p', 'tsconfig.json', '--noEmit'] },
  { name: 'types of commands, scripts and tests', program: 'tsc', args: ['-p', 'tsconfig.node.json', '--noEmit'] },
  { name: 'types of client scripts', program: 'tsc', args: ['-p', 'tsconfig.client.json'] },
  {
    name: 'lint, format and dependency rules',
    program: 'biome',
    args: ['check', '--error-on-warnings', '--max-diagnostics=100', '.'],
  },
  { name: 'generated pages fresh', program: process.execPath, args: ['scripts/docs.ts', '--check'] },
]

let failures = 0
for (const { name, program, args } of CHECKS) {
  const run = await runProgram(program, args, {
    environment: { ...process.env, PATH: `${ROOT}/node_modules/.bin:${process.env.PATH}` },
  })
  printStep(name, run)
  if (!run.ok) failures += 1
}
process.exitCode = failures === 0 ? 0 : 1
