import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/**
 * The package `mayday/signature` as a stranger gets it: packed, unpacked into another project without a network, and used from Node, from a Worker and
 * from TypeScript. Nothing of the repository is imported.
 */
const ROOT = path.resolve(import.meta.dirname, '../..')
const BIN = path.join(ROOT, 'node_modules', '.bin')
const FIXTURES = path.join(ROOT, 'test/fixtures/signature')
const LIST_FILES = {
  irrelevant: 'irrelevant_signature_re.txt',
  prefix: 'prefix_signature_re.txt',
  sentinels: 'signature_sentinels.txt',
  withLineNumbers: 'signatures_with_line_numbers_re.txt',
}
const listTexts = Object.fromEntries(
  Object.entries(LIST_FILES).map(([name, file]) => [
    name,
    readFileSync(path.join(FIXTURES, 'siglists-small', file), 'utf8'),
  ]),
)
const vectors = readFileSync(path.join(FIXTURES, 'dev.small-lists.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): { input: unknown; signature: string } => JSON.parse(line))
const expected = vectors.map(({ signature }) => signature)
const body = JSON.stringify({ listTexts, inputs: vectors.map(({ input }) => input) })

let project = ''
let installed = ''

function run(program: string, args: readonly string[], cwd: string, input = ''): string {
  const ran = spawnSync(program, args, { cwd, encoding: 'utf8', input, maxBuffer: 64 * 1024 * 1024 })
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.stdout}${ran.stderr}${ran.error ?? ''}`)
  return ran.stdout
}

beforeAll(() => {
  project = mkdtempSync(path.join(tmpdir(), 'mayday-package-'))
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', project], ROOT))
  installed = path.join(project, 'node_modules', 'mayday')
  mkdirSync(installed, { recursive: true })
  run('tar', ['-xzf', path.join(project, packed.filename), '--strip-components=1', '-C', installed], project)
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ type: 'module', private: true }))
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

const SIGN = `
import { defaultSignatureLists, generateSignature, readSignatureLists } from 'mayday/signature'
export function sign({ listTexts, inputs }) {
  const reading = readSignatureLists(listTexts)
  return {
    signatures: inputs.map((input) => generateSignature(input, reading.lists).signature),
    builtIn: generateSignature({ threads: [{ frames: [{ function: 'abort' }, { function: 'app' }] }] }, defaultSignatureLists()),
  }
}
`

describe('the package mayday/signature', () => {
  it('holds the built files, the README and the license, and nothing else', () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(installed, path.join(entry.parentPath, entry.name)))
    expect(files.filter((file) => !file.startsWith('dist/')).sort()).toEqual(['LICENSE', 'README.md', 'package.json'])
    expect(files.filter((file) => !/\.(js|d\.ts)$/.test(file)).sort()).toEqual(['LICENSE', 'README.md', 'package.json'])
    expect(readFileSync(path.join(installed, 'README.md'), 'utf8')).toContain("from 'mayday/signature'")
  })

  it('needs nothing else: no dependency, and every import is a file of its own', () => {
    const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'))
    for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundledDependencies'])
      expect(manifest[kind], kind).toBeUndefined()
    const dist = path.join(installed, 'dist')
    const scripts = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))
    expect(scripts.length).toBeGreaterThan(10)
    for (const file of scripts) {
      const text = readFileSync(path.join(dist, file), 'utf8')
      expect(text).not.toMatch(/\b(require|import)\(/)
      for (const [, specifier = ''] of text.matchAll(/^(?:import|export)\b[^'"]*from ['"]([^'"]+)['"]/gm)) {
        const target = path.relative(dist, path.resolve(dist, path.dirname(file), specifier))
        expect(scripts, `${file} imports ${specifier}`).toContain(target)
      }
    }
  })

  it('gives the corpus its signatures from plain Node', () => {
    writeFileSync(path.join(project, 'sign.js'), SIGN)
    const main = `import { sign } from './sign.js'
import { text } from 'node:stream/consumers'
console.log(JSON.stringify(sign(JSON.parse(await text(process.stdin)))))`
    writeFileSync(path.join(project, 'main.js'), main)
    const { signatures, builtIn } = JSON.parse(run(process.execPath, ['main.js'], project, body))
    expect(signatures).toHaveLength(957)
    expect(signatures).toEqual(expected)
    expect(builtIn).toMatchObject({ signature: 'app', signature_version: '1' })
  })

  it('gives the corpus its signatures from a Worker that bundles it', async () => {
    writeFileSync(path.join(project, 'sign.js'), SIGN)
    writeFileSync(
      path.join(project, 'worker.js'),
      `import { sign } from './sign.js'
export default { fetch: async (request) => Response.json(sign(await request.json())) }`,
    )
    const config = { name: 'stranger', main: 'worker.js', compatibility_date: '2026-10-22', send_metrics: false }
    writeFileSync(path.join(project, 'wrangler.json'), JSON.stringify(config))
    run(path.join(BIN, 'wrangler'), ['deploy', '--dry-run', '--outdir', 'bundle', '--config', 'wrangler.json'], project)
    const script = readFileSync(path.join(project, 'bundle', 'worker.js'), 'utf8')
    const worker = new Miniflare(convertV4MiniflareOptions({ modules: true, compatibilityDate: '2026-10-22', script }))
    try {
      const response = await worker.dispatchFetch('http://localhost/', { method: 'POST', body })
      expect(await response.json()).toMatchObject({ signatures: expected, builtIn: { signature: 'app' } })
    } finally {
      await worker.dispose()
    }
  })

  it('has types that a strict TypeScript project accepts', () => {
    writeFileSync(
      path.join(project, 'typed.ts'),
      `import { type CrashData, defaultSignatureLists, type GeneratedSignature, generateSignature } from 'mayday/signature'
const crash: CrashData = { crashing_thread: 0 }
const signed: GeneratedSignature = generateSignature(crash, defaultSignatureLists())
export const text: string = signed.signature
// @ts-expect-error: a signature is text
export const number: number = signed.signature
`,
    )
    const args = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2023', '--types', '', 'typed.ts']
    expect(run(path.join(BIN, 'tsc'), args, project)).toBe('')
  })
})
