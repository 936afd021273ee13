import { describe, expect, it } from 'vitest'
import templates from '../fixtures/templates.json'
import { reportMarkdown } from './report-markdown.ts'

const ADDRESS = 'https://crash.example/report/index/0bba929f-8721-460c-8e70-a43c95261123'

describe('reportMarkdown', () => {
  it('says what crashed, the facts and the crashing thread', () => {
    const text = reportMarkdown(
      { signature: 'Rec<0>::go<long>', product: 'WaterWolf', reason: 'SIGSEGV', json_dump: templates },
      ADDRESS,
      {},
    )
    expect(text).toContain('# Crash in `[@ Rec<0>::go<long> ]`')
    expect(text).toContain(`<${ADDRESS}>`)
    expect(text).toContain('- Reason: `SIGSEGV`')
    expect(text).toContain('- Instruction: `add qword [rdx + rax * 8], 0x1`')
    expect(text).toContain('- Memory access: `readwrite 8 bytes at 0x0000000000000010`')
    expect(text).toMatch(/^ {2}0 {2}templates {2}Rec<4>::go<long>/m)
    expect(text).toMatch(/^ {6}inline {2}Rec<0>::go<long>.*templates\.cpp:13$/m)
  })

  it('cuts a long stack and says so, and falls back to a Java stack', () => {
    const threads = [{ frames: Array.from({ length: 100 }, (_, frame) => ({ frame, function: 'f' })) }]
    expect(reportMarkdown({ crashing_thread: 0, json_dump: { threads } }, ADDRESS, {})).toContain('… 60 more rows')
    expect(reportMarkdown({ java_stack_trace: 'a.B\n\tat c' }, ADDRESS, {})).toContain('```\na.B\n\tat c\n```')
  })

  it('writes structured Java exceptions as Java does, without their messages', () => {
    const stacktrace = {
      type: 'IllegalStateException',
      module: 'java.lang',
      value: 'secret',
      frames: [{ module: 'org.a.B', function: 'c', filename: 'B.kt', lineno: 12 }],
    }
    const java_exception = { exception: { values: [{ stacktrace }, { stacktrace: { type: 'IOException' } }] } }
    const text = reportMarkdown({ java_exception }, ADDRESS, {})
    expect(text).toContain(
      '```\njava.lang.IllegalStateException\n    at org.a.B.c  B.kt:12\nCaused by: IOException\n```',
    )
    expect(text).not.toContain('secret')
  })

  it('lets nothing out of its code: no heading, link, mention or end of the block', () => {
    const evil = '``` \n# owned @everyone [x](javascript:alert(1)) `` ```` '
    const text = reportMarkdown(
      {
        signature: evil,
        reason: evil,
        crashing_thread: 0,
        json_dump: { threads: [{ thread_name: evil, frames: [{ function: evil, module: evil, file: evil }] }] },
      },
      ADDRESS,
      {},
    )
    const outside = withoutCode(text)
    expect(outside).not.toMatch(/owned|everyone|javascript/)
    expect(outside.match(/^# /gm)).toHaveLength(1)
    const java = withoutCode(reportMarkdown({ java_stack_trace: 'a.B\n````\n# owned\n' }, ADDRESS, {}))
    expect(java).not.toContain('owned')
  })
})

/** The text without fenced blocks and code spans, as CommonMark pairs their ticks. */
function withoutCode(markdown: string): string {
  const outside: string[] = []
  let fence: string | null = null
  for (const line of markdown.split('\n')) {
    const ticks = /^(`{3,})\s*$/.exec(line)?.[1]
    if (fence === null && ticks !== undefined) fence = ticks
    else if (fence !== null && ticks !== undefined && ticks.length >= fence.length) fence = null
    else if (fence === null) outside.push(line.replace(/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)/g, ''))
  }
  return outside.join('\n')
}
