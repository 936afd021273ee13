#!/usr/bin/env node
import { runCommandLine } from './program.ts'

// `mayday signature | head`: a reader that has seen enough is no failure.
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (line) => console.log(line),
  err: (line) => console.error(line),
  interactive: process.stderr.isTTY === true,
})
