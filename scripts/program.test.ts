import { describe, expect, it } from 'vitest'
import { runProgram } from './program.ts'

const PROGRAM = `
  const { spawn } = require('node:child_process')
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
  setInterval(() => {}, 1000)
`

describe('runProgram', () => {
  it('kills a program that falls silent, with what it started, and says so', async () => {
    const run = await runProgram(process.execPath, ['-e', PROGRAM], { silenceMs: 500 })
    expect(run).toMatchObject({ ok: false, hung: true })
    expect(run.output).toContain('killed, it had printed nothing for 0.5 s')
    // What it started holds the same output: while it lives, that is open and the run does not end.
  })

  it('leaves a program alone that speaks now and then, or ends', async () => {
    const program = 'let n = 0; const t = setInterval(() => { console.log(n); if (++n === 8) clearInterval(t) }, 250)'
    const run = await runProgram(process.execPath, ['-e', program], { silenceMs: 1_500 })
    expect(run).toMatchObject({ ok: true, hung: false, output: '0\n1\n2\n3\n4\n5\n6\n7\n' })
  })
})
