import { readdirSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { ROOT } from './program.ts'

/**
 * `npm run bench -- NAME`: runs test/bench/NAME.ts, a file that exports `bench(print)`. Without a name it runs all of them. Figures are of this machine at this
 * moment: compare only within one run.
 */
const FOLDER = path.join(ROOT, 'test', 'bench')
const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => path.basename(file, '.ts'))

const benchSchema = z.object({
  bench: z.custom<(print: (line: string) => void) => Promise<void>>((value) => typeof value === 'function'),
})

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`There is no bench "${unknown.join(', ')}". The benches are: ${names.join(', ')}.`)
  process.exitCode = 2
} else {
  for (const name of asked.length > 0 ? asked : names) {
    console.log(`${name}:`)
    const { bench } = benchSchema.parse(await import(path.join(FOLDER, `${name}.ts`)))
    await bench((line) => console.log(`  ${line}`))
  }
}
