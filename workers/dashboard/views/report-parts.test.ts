import { describe, expect, it } from 'vitest'
import { sourceFinder } from '#shared/source-links/source-links.ts'
import { breadcrumbsOf } from './breadcrumbs.ts'
import { debugFacts } from './debug-facts.ts'
import { extensionsOf } from './extensions.ts'
import { javaExceptions } from './java-exception.ts'
import { symbolPageFinder } from './symbol-pages.ts'

const ODD = [null, 7, 'x', [], {}, [null], [[]], [{}], [{ stacktrace: 'x' }], { exception: { values: 'x' } }]

describe('javaExceptions', () => {
  it('reads a chain of exceptions with their frames; the message is there for those who may see it', () => {
    const frame = { module: 'org.a.B', function: 'c', filename: 'B.kt', lineno: 12, in_app: true }
    const value = (stacktrace: object) => ({ stacktrace })
    const java_exception = {
      exception: {
        values: [
          value({ type: 'NullPointerException', module: 'java.lang', value: 'secret', frames: [frame, {}] }),
          value({ type: 'IOException', frames: [] }),
        ],
      },
    }
    expect(javaExceptions({ java_exception })).toEqual([
      {
        class: 'java.lang.NullPointerException',
        message: 'secret',
        frames: [
          { function: 'org.a.B.c', source: { path: 'B.kt', file: 'B.kt', line: 12, href: null }, inApp: true },
          { function: '(unnamed method)', source: null, inApp: null },
        ],
      },
      { class: 'IOException', message: null, frames: [] },
    ])
  })

  it("finds sources by the product's rules", () => {
    const frames = [{ filename: 'app/B.kt', lineno: 12 }]
    const java_exception = { exception: { values: [{ stacktrace: { type: 'E', frames } }] } }
    const findSource = sourceFinder(
      [
        {
          prefix: 'app/',
          url_template: 'https://git.example/{revision}/{path}#{line}',
          revision: [{ tag: '{version}' }],
        },
      ],
      { annotation: () => null, symbolUpload: () => null, version: '1.0' },
    )
    expect(javaExceptions({ java_exception }, findSource)[0]?.frames[0]?.source?.href).toBe(
      'https://git.example/1.0/B.kt#12',
    )
  })

  it('reads any type in any place', () => {
    for (const java_exception of ODD) expect(javaExceptions({ java_exception })).toEqual([])
  })
})

describe('extensionsOf', () => {
  it('splits id and version at the last colon, and adds what the telemetry environment knows', () => {
    const TelemetryEnvironment = JSON.stringify({
      addons: { activeAddons: { 'a@b.c': { name: 'Ad-blocker', isSystem: true, signedState: 2 } } },
    })
    expect(
      extensionsOf({ addons: ['a@b.c:1.0', '{x:y}:2', 'plain:NO_VERSION', 'bare'] }, { TelemetryEnvironment }),
    ).toEqual([
      { id: 'a@b.c', version: '1.0', name: 'Ad-blocker', state: 'system, signed state 2' },
      { id: '{x:y}', version: '2', name: null, state: null },
      { id: 'plain', version: null, name: null, state: null },
      { id: 'bare', version: null, name: null, state: null },
    ])
  })

  it('reads any type in any place', () => {
    for (const odd of ODD) expect(() => extensionsOf({ addons: odd }, { TelemetryEnvironment: odd })).not.toThrow()
  })
})

describe('breadcrumbsOf', () => {
  it('lists the last step first and counts those that it leaves out', () => {
    const breadcrumbs = Array.from({ length: 60 }, (_, at) => ({
      timestamp: 1_795_136_400 + at,
      category: 'ui',
      message: `step ${at}`,
    }))
    const { rows, notShown } = breadcrumbsOf({ breadcrumbs })
    expect([rows.length, notShown, rows[0]?.message, rows[0]?.atMs]).toEqual([50, 10, 'step 59', 1_795_136_459_000])
    for (const odd of ODD) expect(() => breadcrumbsOf({ breadcrumbs: odd })).not.toThrow()
  })
})

describe('debugFacts', () => {
  it('puts times in order with what lies between, and marks what is protected', () => {
    const debug = debugFacts(
      {
        crash_time: 1_795_435_140,
        submitted_timestamp: '2026-11-23T11:59:30+00:00',
        started_datetime: '2026-11-23T11:59:30.500000+00:00',
        completed_datetime: '2026-11-23T12:01:00+00:00',
        stackwalk_version: 'x 1',
        mdsw_stderr: 'bad',
        processor_notes: 'one\n\ntwo',
        processor_history: ['three'],
      },
      { metadata: { throttle_rule: 'ACCEPT', collector_notes: ['a', 'b'] } },
    )
    expect(debug.timeline.map(({ what, since }) => [what, since])).toEqual([
      ['Crashed', null],
      ['Received', '30 s'],
      ['Processing started', '< 1 s'],
      ['Processing ended', '1 min 29 s (89 s)'],
    ])
    expect(debug.facts.map(({ name, text, protected: isProtected }) => [name, text, isProtected])).toEqual([
      ['Stackwalker', 'x 1', false],
      ['Stackwalker’s last words', 'bad', true],
      ['Throttle rule', 'ACCEPT', true],
      ['Collector notes', 'a\nb', true],
    ])
    expect([debug.notes, debug.earlierNotes]).toEqual([['one', 'two'], ['three']])
  })

  it('reads any type in any place', () => {
    for (const odd of ODD) {
      const crash = { crash_time: odd, processor_notes: odd, processor_history: odd, collector_metadata: odd }
      expect(() => debugFacts(crash, { metadata: odd })).not.toThrow()
    }
  })
})

describe('symbolPageFinder', () => {
  it('leads a module to the page of its symbols', () => {
    const modules = [
      { filename: 'xul.dll', debug_file: 'xul.pdb', debug_id: 'ABC1', loaded_symbols: true },
      { filename: 'gone.dll', debug_file: 'gone dir/x.pdb', debug_id: '000000' },
      { filename: 'xul.dll', debug_file: 'other.pdb', debug_id: 'ABC2' },
      { filename: 'odd', debug_id: '../x' },
    ]
    const find = symbolPageFinder({ json_dump: { modules } })
    expect(find('xul.dll')).toBe('/symbols/?module=xul.pdb&id=ABC1')
    expect(find('gone.dll')).toBe('/symbols/?module=gone+dir%2Fx.pdb')
    expect(find('odd')).toBe('/symbols/?module=odd')
    expect(find('unknown')).toBeNull()
  })
})
