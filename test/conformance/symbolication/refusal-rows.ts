import { expect } from 'vitest'
import { post, type Row } from './cases.ts'

/** Every refusal of specs/symbols.md 3.1: the body, its text, and whether the peer says the same. */
interface Refused {
  readonly id: string
  readonly body: unknown
  readonly title: string
  readonly peerFails?: string
}

const ANSWERS_500 = 'it answers 500'
const m = (...modules: unknown[]) => ({ stacks: [[[0, 1]]], memoryMap: modules })
const s = (stacks: unknown) => ({
  stacks,
  memoryMap: [
    ['a.so', 'AB'],
    ['b.so', 'CD'],
  ],
})
const modules = (text: string) => `job 0 has invalid modules: ${text}`
const stacks = (text: string) => `job 0 has invalid stacks: ${text}`
const NO_JSON = 'Payload is not valid JSON'
const fine = { stacks: [[]], memoryMap: [] }
const frame = (text: string) => s(`FRAME ${text}`)

const refused: readonly Refused[] = [
  { id: 'C26', body: {}, title: 'job 0 is invalid: no stacks specified' },
  { id: 'C27', body: { jobs: [fine, { memoryMap: [] }] }, title: 'job 1 is invalid: no stacks specified' },
  { id: 'C27', body: { jobs: [fine, { stacks: [[]] }] }, title: 'job 1 is invalid: no memoryMap specified' },
  { id: 'C28', body: '', title: NO_JSON },
  { id: 'C28', body: '{"stacks":', title: NO_JSON },
  { id: 'C28', body: 'stacks', title: NO_JSON },
  { id: 'job', body: [], title: 'job 0 is invalid' },
  { id: 'job', body: { jobs: [fine, []] }, title: 'job 1 is invalid' },
  { id: 'job', body: { jobs: [5] }, title: 'job 0 is invalid' },
  { id: 'job', body: 'null', title: 'job 0 is invalid', peerFails: ANSWERS_500 },
  { id: 'job', body: '5', title: 'job 0 is invalid', peerFails: ANSWERS_500 },
  { id: 'job', body: { jobs: null }, title: 'jobs must be a list', peerFails: ANSWERS_500 },
  { id: 'job', body: { jobs: 7 }, title: 'jobs must be a list', peerFails: ANSWERS_500 },
  { id: 'C29', body: m(['(', 'AB']), title: modules('module index 0 has an invalid debug_filename') },
  {
    id: 'C29',
    body: m(['a.so', 'AB'], ['[abc.so', 'AB']),
    title: modules('module index 1 has an invalid debug_filename'),
  },
  { id: 'modules', body: m([5, 'AB']), title: modules('module index 0 has an invalid debug_filename') },
  {
    id: 'modules',
    body: m(['a.so\n', 'AB']),
    title: modules('module index 0 has an invalid debug_filename'),
    peerFails: 'it takes a line end at the end',
  },
  {
    id: 'modules',
    body: m(['a'.repeat(256), 'AB']),
    title: modules('module index 0 has an invalid debug_filename'),
    peerFails: 'it has no limit on names',
  },
  { id: 'modules', body: m(['a.so', 'xyz']), title: modules('module index 0 has an invalid debug_id') },
  { id: 'modules', body: m(['a.so', null]), title: modules('module index 0 has an invalid debug_id') },
  {
    id: 'modules',
    body: m(['a.so', 'AB\n']),
    title: modules('module index 0 has an invalid debug_id'),
    peerFails: 'it takes a line end at the end',
  },
  { id: 'modules', body: { ...fine, memoryMap: 'a.so' }, title: modules('modules must be a list') },
  { id: 'modules', body: { ...fine, memoryMap: {} }, title: modules('modules must be a list') },
  ...[['a.so'], ['a.so', 'AB', 1], 'a.so', {}, null].map((module) => ({
    id: 'modules',
    body: m(['a.so', 'AB'], module),
    title: modules('module index 1 does not have a debug_filename and debug_id'),
  })),
  { id: 'C30', body: s([]), title: stacks('no stacks specified') },
  { id: 'C30', body: s('abc'), title: stacks('stacks must be a list of lists') },
  { id: 'C30', body: s(null), title: stacks('stacks must be a list of lists') },
  { id: 'C30', body: s(['abc']), title: stacks('stack 0 is not a list') },
  { id: 'C30', body: s([[], {}]), title: stacks('stack 1 is not a list') },
  { id: 'C30', body: s([[0]]), title: stacks('stack 0 frame 0 is not a list of two items') },
  { id: 'stacks', body: s([[[0, 1], [0]]]), title: stacks('stack 0 frame 1 is not a list of two items') },
  { id: 'stacks', body: s([[[0, 1, 2]]]), title: stacks('stack 0 frame 0 is not a list of two items') },
  ...['null', '"0"', '0.5', '1.0', '1e0', '[]'].map((index) => ({
    id: 'index',
    body: frame(`[${index},1]`),
    title: stacks('stack 0 frame 0 has an invalid module_index'),
  })),
  {
    id: 'index',
    body: frame('[true,1]'),
    title: stacks('stack 0 frame 0 has an invalid module_index'),
    peerFails: 'it takes true for 1',
  },
  ...['-2', '2', '99999999999999999999999'].map((index) => ({
    id: 'index',
    body: frame(`[${index},1]`),
    title: stacks("stack 0 frame 0 has a module_index that isn't in modules"),
  })),
  ...['null', '"1"', '1.0', '1.5', '1e3', '-2', '-99999999999999999999', '{}'].map((offset) => ({
    id: 'offset',
    body: frame(`[0,${offset}]`),
    title: stacks('stack 0 frame 0 has an invalid module_offset'),
  })),
  ...['18446744073709551616', '99999999999999999999999'].map((offset) => ({
    id: 'offset',
    body: frame(`[0,${offset}]`),
    title: stacks('stack 0 frame 0 has an invalid module_offset'),
    peerFails: ANSWERS_500,
  })),
  {
    id: 'C35',
    body: { jobs: Array.from({ length: 11 }, () => 'not a job') },
    title: 'please limit number of jobs in a single request to <= 10',
  },
]

/** Numbers that JSON.stringify would change are written into the text. */
function bodyText(body: unknown): string {
  if (typeof body === 'string') return body
  return JSON.stringify(body).replace(
    /"FRAME (.*?)"(?=,"memoryMap")/,
    (_, text: string) => `[[${text.replaceAll('\\"', '"')}]]`,
  )
}

export const refusalRows: readonly Row[] = [
  ...refused.map(({ id, body, title, peerFails }): Row => {
    const text = bodyText(body)
    return {
      id,
      name: `v5 ${text.slice(0, 100)} → 400 ${title}`,
      ...(peerFails === undefined ? {} : { peerFails }),
      async run(server) {
        const answer = await post(server, '/symbolicate/v5', text)
        expect([answer.status, answer.body.title]).toEqual([400, title])
      },
    }
  }),
  ...refused
    .filter(({ body }) => !bodyText(body).startsWith('{"jobs"'))
    .map(({ id, body, title, peerFails }): Row => {
      const text = bodyText(body)
      return {
        id: `v4 ${id}`,
        name: `v4 ${text.slice(0, 100)} → 400 ${title}`,
        ...(peerFails === undefined ? {} : { peerFails }),
        async run(server) {
          const answer = await post(server, '/symbolicate/v4', text)
          expect([answer.status, answer.body.title]).toEqual([400, title])
        },
      }
    }),
  {
    id: 'C28',
    name: 'other methods → 405, other paths → 404, in the peer’s words',
    async run(server) {
      for (const path of ['/symbolicate/v5', '/symbolicate/v4']) {
        for (const method of ['GET', 'PUT', 'DELETE']) {
          const response = await server.fetch(path, { method })
          expect([response.status, await response.json()]).toEqual([405, { title: '405 Method Not Allowed' }])
        }
      }
      const response = await server.fetch('/symbolicate/v6', { method: 'POST', body: '{}' })
      expect([response.status, await response.json()]).toEqual([404, { title: '404 Not Found' }])
    },
  },
]
