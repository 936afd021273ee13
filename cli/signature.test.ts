import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_LIST_TEXTS } from '#shared/signature/default-lists.ts'
import { LIST_FILES, LIST_NAMES } from '#shared/signature/lists.ts'
import { runCommandLine } from './program.ts'

const SMALL_LISTS = 'test/fixtures/signature/siglists-small'
const VECTORS = readFileSync('test/fixtures/signature/dev.small-lists.jsonl', 'utf8').trimEnd().split('\n')
const PROGRAM = path.join(import.meta.dirname, 'mayday.ts')

/** Starting a process takes seconds on a busy machine. */
const PROCESS_TIMEOUT_MS = 60_000

/** The real program, where standard input is the point. */
function maydayProcess(args: readonly string[], input: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    encoding: 'utf8',
    input,
    maxBuffer: 64 * 1024 * 1024,
  })
  return { status, stdout, stderr, lines: stdout === '' ? [] : stdout.trimEnd().split('\n') }
}

/** The same in this process. */
async function mayday(...args: readonly string[]) {
  const out: string[] = []
  const err: string[] = []
  const status = await runCommandLine(args, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    interactive: false,
  })
  return { status, out, err }
}
const stack = (...functions: string[]) => ({ threads: [{ frames: functions.map((name) => ({ function: name })) }] })
const lines = (...crashes: object[]) => crashes.map((crash) => `${JSON.stringify(crash)}\n`).join('')

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mayday-signature-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A folder of lists with these prefix entries and nothing else. */
function listFolder(name: string, prefix: string): string {
  const lists = path.join(folder, name)
  mkdirSync(lists)
  for (const list of LIST_NAMES) writeFileSync(path.join(lists, LIST_FILES[list]), list === 'prefix' ? prefix : '')
  return lists
}

describe('mayday signature', () => {
  it('signs the whole corpus as the peer does, a line in and a line out', { timeout: PROCESS_TIMEOUT_MS }, () => {
    const input = VECTORS.map((line) => `${JSON.stringify(JSON.parse(line).input)}\n`).join('')
    const run = maydayProcess(['signature', '--lists', SMALL_LISTS], input)
    expect([run.status, run.stderr]).toEqual([0, ''])
    expect(run.lines.map((line) => JSON.parse(line).signature)).toEqual(
      VECTORS.map((line) => JSON.parse(line).signature),
    )
    expect(Object.keys(JSON.parse(run.lines[0] ?? ''))).toEqual(['signature', 'notes', 'proto_signature'])
  })

  it('names bad lines, signs the rest, processed crashes too, and fails at the end', {
    timeout: PROCESS_TIMEOUT_MS,
  }, () => {
    const run = maydayProcess(
      ['signature'],
      `nonsense\n${lines(stack('a\u2028b'))}\n7\n${lines({ uuid: 'x', json_dump: stack('b') })}`,
    )
    expect(run.status).toBe(1)
    expect(run.lines.map((line) => JSON.parse(line).signature)).toEqual(['ab', 'b'])
    expect(run.stderr).toBe('line 1: not JSON\nline 4: not an object of crash data\n2 lines could not be signed.\n')
  })

  it('answers each line when it comes', { timeout: PROCESS_TIMEOUT_MS }, async () => {
    const child = spawn(process.execPath, [PROGRAM, 'signature'], { stdio: ['pipe', 'pipe', 'inherit'] })
    const answers = createInterface(child.stdout)[Symbol.asyncIterator]()
    for (const name of ['first', 'second']) {
      child.stdin.write(lines(stack(name)))
      expect(JSON.parse((await answers.next()).value ?? '').signature).toBe(name)
    }
    child.stdin.end()
    expect(await once(child, 'close')).toEqual([0, null])
  })

  it('ends quietly when the reader has seen enough', { timeout: PROCESS_TIMEOUT_MS }, () => {
    const script = `node "$0" signature | head -1`
    const run = spawnSync('sh', ['-c', script, PROGRAM], {
      encoding: 'utf8',
      input: lines(stack('a')).repeat(50_000),
    })
    expect([run.stdout.split('\n').length, run.stderr]).toEqual([2, ''])
  })

  it.each<[string, (lists: string) => void, string]>([
    [
      'a file is missing',
      (lists) => rmSync(path.join(lists, 'signature_sentinels.txt')),
      'signature_sentinels.txt (ENOENT)',
    ],
    [
      'a pattern does not compile',
      (lists) => writeFileSync(path.join(lists, 'prefix_signature_re.txt'), 'a\nb(\n'),
      'prefix_signature_re.txt:2 does not compile: b(',
    ],
  ])('names the file when %s', async (name, breakThem, says) => {
    const lists = listFolder(name.replaceAll(' ', '-'), 'a')
    breakThem(lists)
    const { status, out, err } = await mayday('signature', '--lists', lists)
    expect([status, out, err]).toEqual([1, [], [expect.stringContaining(says)]])
  })
})

describe('mayday signature lists', () => {
  it('writes the built-in lists, and overwrites nothing', async () => {
    const own = path.join(folder, 'own')
    expect(await mayday('signature', 'lists', own)).toEqual({ status: 0, out: [], err: [] })
    for (const name of LIST_NAMES)
      expect(readFileSync(path.join(own, LIST_FILES[name]), 'utf8').trim()).toBe(DEFAULT_LIST_TEXTS[name].trim())
    expect(await mayday('signature', 'lists', own)).toEqual({
      status: 1,
      out: [],
      err: [`${own} is not empty; nothing was written.`],
    })
  })
})

describe('mayday signature diff', () => {
  let input = ''
  let oldLists = ''
  let newLists = ''
  beforeAll(() => {
    oldLists = listFolder('old', 'wrap')
    newLists = listFolder('new', 'help')
    input = path.join(folder, 'crashes.ndjson')
    writeFileSync(
      input,
      lines(
        stack('help', 'one'),
        stack('help', 'two'),
        { uuid: 'id-3', json_dump: stack('same') },
        stack('wrap', 'one'),
      ),
    )
  })

  it('says in words what merges, splits, is renamed and stays', async () => {
    expect(await mayday('signature', 'diff', '--lists', oldLists, newLists, '--input', input)).toEqual({
      status: 0,
      err: [],
      out: [
        '4 crashes, 3 with another signature',
        'unchanged: 1 signature, 1 crash',
        'merged: 0',
        'split: 1',
        '  2  help',
        '      to 1  help | one (line 1)',
        '      to 1  help | two (line 2)',
        'renamed: 1',
        '  1  wrap | one',
        '      to wrap (line 4)',
      ],
    })
  })

  it('writes one JSON object with --json', async () => {
    const { out } = await mayday('signature', 'diff', '--json', '--input', input, '--lists', newLists, oldLists)
    expect(out).toHaveLength(1)
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      crashes: 4,
      changed: 3,
      merged: [{ to: 'help', crashes: 2, from: [{ examples: ['line 1'] }, { examples: ['line 2'] }] }],
      renamed: [{ from: 'wrap', to: 'wrap | one' }],
    })
  })

  it('finds nothing between lists and themselves', async () => {
    const corpus = path.join(folder, 'corpus.ndjson')
    writeFileSync(corpus, lines(...VECTORS.map((line) => JSON.parse(line).input)))
    const { out } = await mayday('signature', 'diff', '--lists', 'default', 'default', '--input', corpus)
    expect(out[0]).toBe('957 crashes, 0 with another signature')
  })

  it('signs what can be signed of a file with bad lines, and fails at the end', async () => {
    const broken = path.join(folder, 'broken.ndjson')
    writeFileSync(broken, `x\n${lines(stack('a'))}`)
    const { status, out, err } = await mayday('signature', 'diff', '--lists', oldLists, newLists, '--input', broken)
    expect([status, out[0], err]).toEqual([
      1,
      '1 crash, 0 with another signature',
      ['line 1: not JSON', '1 lines could not be signed.'],
    ])
  })

  it.each<[string, readonly string[], number, string]>([
    ['one folder', ['--lists', 'default'], 2, '--lists takes two folders'],
    ['three folders', ['--lists', 'default', 'default', 'default'], 2, '--lists takes two folders'],
    ['no folder', [], 2, "required option '--lists"],
    ['no such file', ['--lists', 'default', 'default', '--input', '/no/such'], 1, 'Cannot read /no/such (ENOENT).'],
  ])('refuses %s', async (_, args, status, says) => {
    const run = await mayday('signature', 'diff', ...args)
    expect([run.status, run.out, run.err.join()]).toEqual([status, [], expect.stringContaining(says)])
  })
})
