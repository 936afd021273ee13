import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROOT } from './repository.ts'
import { buildStackwalker, findCargo, isBuilt, sourceDigest, stackwalkerPaths } from './stackwalker-build.ts'

const never = new AbortController().signal
let root: string
let lines: string[]
const terminal = {
  out: (line: string) => void lines.push(line),
  err: (line: string) => void lines.push(line),
  interactive: false,
}

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'mayday-build-'))
  lines = []
  mkdirSync(path.join(root, 'container'))
  for (const part of ['Cargo.toml', 'Cargo.lock', 'src']) {
    cpSync(path.join(ROOT, 'container', part), path.join(root, 'container', part), { recursive: true })
  }
})
afterEach(() => rmSync(root, { recursive: true }))

/** A cargo of our own in the PATH; `build` is what it does for `cargo build`. */
function withCargo(build: string): NodeJS.ProcessEnv {
  const bin = path.join(root, 'bin')
  mkdirSync(bin)
  writeFileSync(path.join(bin, 'cargo'), `#!/bin/sh\n[ "$1" = --version ] && exit 0\n${build}\n`)
  chmodSync(path.join(bin, 'cargo'), 0o755)
  return { PATH: `${bin}:/usr/bin:/bin`, HOME: root }
}

describe('buildStackwalker', () => {
  it('does without when there is no cargo, in one sentence', async () => {
    const environment = { PATH: '/usr/bin:/bin', HOME: root }
    expect(findCargo(environment)).toBeNull()
    const result = await buildStackwalker(stackwalkerPaths(root, environment), environment, terminal, never)
    expect(result).toMatchObject({ kind: 'warned', value: null })
    expect(result.kind === 'warned' && result.note).toMatch(/^cargo is missing: .* crashes stay queued\.$/)
  })

  it('builds once, and again only when the source changed', async () => {
    const environment = withCargo(
      `mkdir -p target/release; echo run >> runs; echo "   Compiling x" >&2; : > target/release/mayday-stackwalker`,
    )
    const paths = stackwalkerPaths(root, environment)
    expect(isBuilt(paths)).toBe(false)
    expect(await buildStackwalker(paths, environment, terminal, never)).toMatchObject({
      kind: 'ok',
      value: paths.binary,
    })
    expect(isBuilt(paths)).toBe(true)
    expect(await buildStackwalker(paths, { PATH: '' }, terminal, never)).toMatchObject({
      kind: 'ok',
      note: 'up to date',
    })
    writeFileSync(path.join(root, 'container/src/new.rs'), '// new')
    expect(isBuilt(paths)).toBe(false)
  })

  it('does without when the build fails, and shows what cargo said', async () => {
    const environment = withCargo(`echo "error[E0425]: no such value" >&2; exit 101`)
    const result = await buildStackwalker(stackwalkerPaths(root, environment), environment, terminal, never)
    expect(result).toMatchObject({ kind: 'warned', value: null })
    expect(lines).toContain('error[E0425]: no such value')
    expect(isBuilt(stackwalkerPaths(root, environment))).toBe(false)
  })

  it('looks for the binary where CARGO_TARGET_DIR says', () => {
    const paths = stackwalkerPaths(root, { CARGO_TARGET_DIR: '/elsewhere' })
    expect(paths.binary).toBe('/elsewhere/release/mayday-stackwalker')
  })

  it('knows the source by content: the same bytes give the same digest, in another folder and at another time', () => {
    expect(sourceDigest(path.join(root, 'container'))).toBe(sourceDigest(path.join(ROOT, 'container')))
  })
})
