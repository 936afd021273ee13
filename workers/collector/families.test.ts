import { describe, expect, it } from 'vitest'
import type { JsonValue } from '#shared/raw-crash.ts'
import { readFamily } from './families.ts'

const read = (sent: Readonly<Record<string, JsonValue>>, userAgent: string | null = null) => {
  const { annotations, ...rest } = readFamily(sent, userAgent)
  return { annotations: { ...annotations }, ...rest }
}
/** What was added to an annotation set. */
const added = (sent: Readonly<Record<string, JsonValue>>) =>
  Object.fromEntries(Object.entries(read(sent).annotations).filter(([name]) => !Object.hasOwn(sent, name)))

describe('annotations of other families', () => {
  it.each([
    ['ProductName before all else', { ProductName: 'a', _productName: 'b', prod: 'c' }, {}],
    ['_productName before prod', { _productName: 'b', prod: 'c' }, { ProductName: 'b' }],
    ['prod', { prod: 'c' }, { ProductName: 'c' }],
    ['Version before all else', { Version: '1', _version: '2', ver: '3' }, {}],
    ['_version before ver', { _version: '2', ver: '3' }, { Version: '2' }],
    ['ver', { ver: '3' }, { Version: '3' }],
    ['ptype before process_type', { ptype: 'renderer', process_type: 'x' }, { ProcessType: 'renderer' }],
    ['process_type', { process_type: 'utility' }, { ProcessType: 'utility' }],
    ['Chromium’s main process', { ptype: 'browser' }, { ProcessType: 'main' }],
    ['Chromium’s GPU process', { ptype: 'gpu-process' }, { ProcessType: 'gpu' }],
    ['comments_', { comments_: 'hello' }, { Comments: 'hello' }],
    [
      'Electron beside its app',
      { prod: 'Electron', ver: '39.0.1', _productName: 'app', _version: '1.0' },
      { ProductName: 'app', Version: '1.0', ElectronVersion: '39.0.1' },
    ],
    [
      'an Electron version that was sent',
      { prod: 'Electron', ver: '39.0.1', ElectronVersion: 'x' },
      { ProductName: 'Electron', Version: '39.0.1' },
    ],
    ['nothing of a report of Mozilla’s', { BuildID: '1', Vendor: 'v' }, {}],
    ['nothing of what is no text', { prod: 1, ver: null, _version: ['x'] }, {}],
    ['nothing of what is empty', { prod: '', _productName: '', ver: '' }, {}],
  ])('give %s', (_what, sent: Readonly<Record<string, JsonValue>>, expected) => {
    expect(added(sent)).toEqual(expected)
  })

  it('fill in an empty annotation and replace none', () => {
    expect(read({ ProductName: '', prod: 'c' }).annotations).toEqual({ ProductName: 'c', prod: 'c' })
    expect(read({ ProductName: 7, prod: 'c' }).annotations).toEqual({ ProductName: 7, prod: 'c' })
  })

  it('keep names of objects’ own as names', () => {
    const sent: Record<string, JsonValue> = JSON.parse('{"__proto__":"p","constructor":"c","prod":"x"}')
    const { annotations } = readFamily(Object.assign(Object.create(null), sent), null)
    expect(Object.keys(annotations).sort()).toEqual(['ProductName', '__proto__', 'constructor', 'prod'])
    expect(readFamily(Object.create(null), null).annotations).toEqual(Object.create(null))
  })

  it('lose the e-mail address where Breakpad sends one', () => {
    expect(read({ prod: 'x', email: 'a@b.c' })).toMatchObject({
      annotations: { prod: 'x', ProductName: 'x' },
      notes: ['Removed email from raw crash.'],
    })
    expect(Object.keys(read({ prod: 'x', email: 'a@b.c' }).annotations)).not.toContain('email')
    expect(read({ ProductName: 'x', email: 'a@b.c' })).toMatchObject({ annotations: { email: 'a@b.c' }, notes: [] })
  })
})

describe('the form of the answer', () => {
  it.each([
    ['key_values', { ProductName: 'Firefox' }, 'Breakpad/1.0 (Windows)'],
    ['key_values', { ProductName: 'Firefox', prod: 'x' }, null],
    ['key_values', { JavaStackTrace: 'x' }, null],
    ['bare_id', { prod: 'x' }, 'Breakpad/1.0 (Linux)'],
    ['bare_id', { _productName: 'x' }, null],
    ['bare_id', { ProductName: 'x' }, 'Crashpad/0.8.0 BoringSSL/1.1.1 Linux/6.8.0 (x86_64)'],
    ['bare_id', { guid: 'x' }, 'Crashpad/0.8.0'],
    ['key_values', { ProductName: 'x' }, 'NotCrashpad/1'],
  ] as const)('is %s for %j from %s', (form, sent, userAgent) => {
    expect(read(sent, userAgent).answerForm).toBe(form)
  })
})
