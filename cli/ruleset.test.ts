import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseRuleset } from '#shared/throttle/ruleset-document.ts'
import { runCommandLine } from './program.ts'
import { readStartOptions } from './start-options.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'mayday-ruleset-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function fileOf(name: string, content: unknown): string {
  const file = path.join(folder, name)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

async function mayday(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const code = await runCommandLine(['ruleset', ...args], {
    ...{ out: (line: string) => out.push(line), err: (line: string) => err.push(line), interactive: false },
  })
  return { code, out, err: err.join('\n') }
}

const RULES = {
  ...{ version: 1, name: 'ours' },
  rules: [
    { name: 'tenth', when: { annotation: 'A', op: 'present' }, result: 'accept', percent: 10, otherwise: 'reject' },
    { name: 'all', when: { all: [] }, result: 'accept' },
  ],
}
const crash = (at: number, fields: object, metadata: object = {}) =>
  fileOf(`crash-${at}.json`, { uuid: `00112233-4455-4677-8899-aabbc026112${at}`, ...fields, metadata })

describe('mayday ruleset check', () => {
  it('lists the rules of a good one, and of a built-in one', async () => {
    const good = await mayday('check', fileOf('good.json', RULES))
    expect([good.code, good.out]).toEqual([0, ['tenth: accept 10 %, else reject', 'all: accept']])
    expect((await mayday('check', 'mozilla')).out).toHaveLength(16)
  })

  it('names every mistake of a bad one by its rule', async () => {
    const bad = fileOf('bad.json', {
      ...RULES,
      rules: [...RULES.rules, { name: 'x', when: { op: 'is' }, result: 'no' }],
    })
    const { code, err } = await mayday('check', bad)
    expect(code).toBe(1)
    expect(err).toMatch(/rules\[2\] "x": when\.op: unknown operator "is"; one of present, /)
    expect(err).toMatch(/rules\[2\] "x": result: /)
    expect((await mayday('check', path.join(folder, 'nowhere.json'))).err).toContain('ENOENT')
  })

  it('takes the example of the documentation', () => {
    const page = readFileSync(path.join(import.meta.dirname, '../docs/howto/rulesets.md'), 'utf8')
    expect(parseRuleset(/```json\n(.*?)```/s.exec(page)?.[1] ?? '')).toMatchObject({ kind: 'parsed' })
  })
})

describe('mayday ruleset dry-run', () => {
  it('says what a ruleset would do with stored raw crashes', async () => {
    const crashes = [
      crash(1, { ProductName: 'WaterWolf', A: '1' }, { throttle_rule: 'all', sample_weight: 5 }),
      crash(2, { ProductName: 'WaterWolf' }, { throttle_rule: 'all' }),
    ]
    const rules = fileOf('rules.json', RULES)
    const { code, out } = await mayday('dry-run', rules, ...crashes)
    expect([code, out]).toEqual([
      0,
      [
        'ours over 2 stored crashes, which stand for 6 reports',
        '',
        'rule   kept then  would accept  reject  fake_accept  continue',
        'tenth          0           0.5     4.5            0         0',
        'all            2             1       0            0         0',
        '',
        'product    kept then  would accept  reject  fake_accept',
        'WaterWolf          2           1.5     4.5            0',
      ],
    ])
    const json = await mayday('dry-run', rules, '--json', ...crashes)
    expect(JSON.parse(json.out.join(''))).toMatchObject({ stored: 2, sent: 6 })
  })

  it('says what it cannot read', async () => {
    const rules = fileOf('rules.json', RULES)
    expect(await mayday('dry-run', rules)).toMatchObject({ code: 2 })
    expect((await mayday('dry-run', rules, fileOf('odd.json', '[1]'))).err).toContain('is no raw crash')
    expect((await mayday('dry-run', rules, '--url', 'http://127.0.0.1:9')).err).toContain('does not answer')
    expect(await mayday('dry-run', rules, '--url', 'http://127.0.0.1:9', '--days', '40')).toMatchObject({ code: 2 })
  })
})

describe('mayday start --ruleset', () => {
  const start = (ruleset?: string, vars: string[] = []) =>
    readStartOptions({ port: '0', state: folder, var: vars, ...(ruleset !== undefined && { ruleset }) })

  it('takes a name or a file; Mozilla’s rules come with Mozilla’s processing', () => {
    expect(start()).toMatchObject({ ruleset: { kind: 'none' }, vars: {} })
    expect(start('mozilla')).toMatchObject({
      ruleset: { kind: 'built_in' },
      vars: { RULESET: 'mozilla', PRESET: 'mozilla' },
    })
    expect(start('mozilla', ['PRESET=none'])).toMatchObject({ vars: { RULESET: 'mozilla', PRESET: 'none' } })
    expect(start('accept-everything')).toMatchObject({ vars: { RULESET: 'accept-everything' } })
    const file = fileOf('rules.json', RULES)
    expect(start(file)).toMatchObject({ ruleset: { kind: 'file', file }, vars: {} })
  })

  it('starts nothing with a file that has a mistake', () => {
    const { kind, message } = { message: '', ...start(fileOf('bad.json', { ...RULES, rules: [{}] })) }
    expect([kind, message]).toEqual(['failed', expect.stringContaining('rules[0]: name')])
  })
})
