import { describe, expect, it } from 'vitest'
import { MAX_BUG_URL_CHARS } from '#shared/limits.ts'
import { bugForms, bugText, bugUrl } from './bug-text.ts'

const REPORT = 'https://crash.example/report/index/0bba929f-8721-460c-8e70-a43c90261123'
const frames = Array.from({ length: 30 }, (_, frame) => ({
  frame,
  module: 'xul.dll',
  function: `ns::function_${frame}_${'x'.repeat(frame === 1 ? 300 : 0)}`,
  file: 'hg:hg.example.org/repo:dir/file.cpp:abcdef',
  line: 10 + frame,
  inlines: frame === 0 ? [{ function: 'inlined_one', file: 'a.h', line: 3 }] : [],
}))
const CRASH = {
  uuid: '0bba929f-8721-460c-8e70-a43c90261123',
  signature: 'ns::function_0',
  product: 'WaterWolf',
  version: '1.0',
  reason: 'SIGSEGV',
  os_name: 'Linux',
  crashing_thread: 1,
  json_dump: { threads: [{ frames: [] }, { frames }] },
}
const template = (url_template: string) => [{ tracker: 'Tracker', name: 'new', url_template }]

describe('bugText', () => {
  it('has the title, the report, the reason and the first ten frames of the crashing thread, inline ones too', () => {
    const { title, description } = bugText(CRASH, REPORT)
    expect(title).toBe('Crash in [@ ns::function_0]')
    const lines = description.split('\n')
    expect(lines.slice(0, 3)).toEqual([`Crash report: ${REPORT}`, 'Crash reason: SIGSEGV', 'Product: WaterWolf 1.0'])
    expect(lines[5]).toBe('```')
    expect(lines[6]).toBe('0  xul.dll  inlined_one  a.h:3  inlined')
    expect(lines[7]).toBe('1  xul.dll  ns::function_0_  dir/file.cpp:10')
    expect(lines.slice(6, -1)).toHaveLength(10)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(130)
  })

  it('reads nonsense without throwing, and lets no frame end the code block', () => {
    for (const crash of [{}, { json_dump: 7 }, { json_dump: { threads: [null] }, crashing_thread: 'x' }]) {
      expect(bugText(crash, REPORT).title).toBe('Crash in [@ (no signature)]')
    }
    const hostile = { json_dump: { threads: [{ frames: [{ function: 'a\n```\n# heading', module: '```' }] }] } }
    expect(bugText(hostile, REPORT).description.match(/```/g)).toHaveLength(2)
  })

  it('cuts a long title to what a tracker takes', () => {
    expect([...bugText({ signature: '💥'.repeat(400) }, REPORT).title]).toHaveLength(255)
  })
})

describe('bugForms', () => {
  const bug = bugText({ ...CRASH, signature: 'a&b=c #d "e" \ud800' }, REPORT)

  it('encodes every value, so that none adds a parameter', () => {
    const [form] = bugForms(
      template('https://bugs.example/new?title={title}&sig={signature}&os={op_sys}&x={unknown}'),
      bug,
    )
    const { searchParams } = new URL(form?.url ?? '')
    expect([...searchParams.keys()]).toEqual(['title', 'sig', 'os', 'x'])
    expect(searchParams.get('os')).toBe('Linux')
    expect(searchParams.get('title')).toContain('a&b=c #d "e"')
  })

  it('leaves out what is no web address, and what shows a bug instead of filing one', () => {
    for (const url of [
      'javascript:alert({title})',
      'data:text/html,{title}',
      '{title}',
      'https://bugs.example/{bug_id}',
    ]) {
      expect(bugForms(template(url), bug)).toEqual([])
    }
    expect(bugUrl(template('https://bugs.example/{bug_id}'), 42)).toBe('https://bugs.example/42')
    expect(bugUrl(template('javascript:{bug_id}'), 42)).toBeNull()
    expect(bugUrl(template('https://bugs.example/new?{title}'), 42)).toBeNull()
  })

  it('leaves frames out until the address fits', () => {
    const long = bugText(
      {
        ...CRASH,
        json_dump: { threads: [{}, { frames: frames.map((frame) => ({ ...frame, module: 'ü'.repeat(400) })) }] },
      },
      REPORT,
    )
    const [form] = bugForms(template('https://bugs.example/new?d={description}'), long)
    expect(form?.url.length).toBeLessThanOrEqual(MAX_BUG_URL_CHARS)
    const description = new URL(form?.url ?? '').searchParams.get('d') ?? ''
    expect(description).toContain(REPORT)
    expect(description.match(/```/g)).toHaveLength(2)
  })
})
