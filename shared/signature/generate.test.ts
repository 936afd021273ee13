import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generateSignature } from './generate.ts'
import { LIST_FILES, readSignatureLists, type SignatureLists } from './lists.ts'
import { SIGNATURE_RULES } from './rules.ts'

const FIXTURES = 'test/fixtures/signature'
const text = (name: string) => readFileSync(`${FIXTURES}/${name}`, 'utf8')
const lines = (name: string) => text(name).trimEnd().split('\n')

function smallLists(): SignatureLists {
  const reading = readSignatureLists({
    irrelevant: text(`siglists-small/${LIST_FILES.irrelevant}`),
    prefix: text(`siglists-small/${LIST_FILES.prefix}`),
    sentinels: text(`siglists-small/${LIST_FILES.sentinels}`),
    withLineNumbers: text(`siglists-small/${LIST_FILES.withLineNumbers}`),
  })
  if (reading.kind !== 'read') throw new Error(reading.pattern)
  return reading.lists
}

/** What follows these marks is Python's own text (specs/processor.md 4). */
const comparable = (note: string) => note.replace(/(Rule failed:|Error parsing AsyncShutdownTimeout:).*/s, '$1')

describe("the peer's signatures", () => {
  const lists = smallLists()
  const groups = lines('dev.groups.txt')
  const vectors = lines('dev.small-lists.jsonl').map((line) => JSON.parse(line))

  it('has a group for each of the 957 vectors', () => {
    expect(vectors).toHaveLength(957)
    expect(groups).toHaveLength(957)
  })

  for (const group of new Set(groups)) {
    it(`are reproduced exactly, with their notes: ${group}`, () => {
      for (const { input, signature, notes } of vectors.filter((_, at) => groups[at] === group)) {
        const generated = generateSignature(input, lists)
        expect(generated.signature, JSON.stringify(input)).toBe(signature)
        expect(generated.notes.map(comparable)).toEqual(notes.map(comparable))
      }
    })
  }
})

describe('single rules', () => {
  const lists = smallLists()

  for (const [at, line] of lines('rules.dev.jsonl').entries()) {
    const { rule: name, crash_data: crashData, signature_before, signature_after, notes } = JSON.parse(line)
    it(`change a signature as the peer's do: ${name} (line ${at + 1})`, () => {
      const rule = SIGNATURE_RULES.find((candidate) => candidate.name === name)
      // Two facts of the peer's own tests were made with its full lists; with the small ones more frames count.
      const usesLists = JSON.stringify(crashData).includes('NtWaitForMultipleObjects')
      const change = rule?.apply(crashData, { signature: signature_before, normalizedFrames: [] }, lists)
      expect(change).toBeDefined()
      const signature = change?.signature ?? signature_before
      if (!usesLists) expect(signature).toBe(signature_after)
      expect((change?.notes ?? []).map((note) => `${name}: ${note}`)).toEqual(notes)
    })
  }
})

describe('generateSignature', () => {
  const lists = smallLists()
  const frames = (...functions: string[]) => ({ threads: [{ frames: functions.map((name) => ({ function: name })) }] })

  it('answers all normalised frames as the proto signature', () => {
    expect(generateSignature(frames('static void a(int)', 'b<c>()'), lists).proto_signature).toBe('a | b<T>')
  })

  it('has no proto signature where there are no frames', () => {
    expect(generateSignature({}, lists).proto_signature).toBeNull()
  })

  it('never throws, whatever the crash data holds', () => {
    for (const odd of [null, 1, 'x', [], {}, [null], [[]], [1], { 0: 1 }]) {
      for (const threads of [
        odd,
        [odd],
        [{ frames: odd }],
        [{ frames: [odd] }],
        [{ frames: [{ inlines: odd, function: odd }] }],
      ]) {
        const crashData = {
          threads,
          crashing_thread: odd,
          abort_message: odd,
          async_shutdown_timeout: odd,
          java_exception: odd,
        }
        expect(generateSignature(crashData, lists)).toHaveProperty('signature')
      }
    }
  })
})
