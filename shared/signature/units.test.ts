import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dropPrefixAndReturnType } from './brackets.ts'
import { crashDataOf, crashingThreadIndex, integerOrNull } from './crash-data.ts'
import { normalizeFrame, parseSourceFile, stripLeadingZeros } from './frame.ts'
import { collapseArguments, collapseTypes, normalizeCppFunction, normalizeRustFunction } from './function-name.ts'
import { javaExceptionFrame } from './java-signature.ts'
import { readSignatureLists } from './lists.ts'

const reading = readSignatureLists({ irrelevant: '', prefix: '', sentinels: '', withLineNumbers: '' })
if (reading.kind !== 'read') throw new Error(reading.pattern)
const { lists } = reading

/** Crash data keys that the peer writes as null and we too. */
const FUNCTIONS: Readonly<Record<string, (...args: never[]) => unknown>> = {
  collapse_arguments: collapseArguments,
  collapse_types: (name: string) => collapseTypes(name),
  convert_to_crash_data: crashDataOf,
  drop_prefix_and_return_type: dropPrefixAndReturnType,
  get_crashing_thread: crashingThreadIndex,
  int_or_none: integerOrNull,
  java_exception_frame: javaExceptionFrame,
  normalize_cpp_function: (name: string, line: string) => normalizeCppFunction(name, line, lists),
  normalize_frame: (frame: Record<string, unknown>) => normalizeFrame(frame, lists),
  normalize_rust_function: (name: string, line: string) => normalizeRustFunction(name, line, lists),
  parse_source_file: (file: string | null) => (file === null ? null : parseSourceFile(file)),
}

describe('the parts of the algorithm', () => {
  const vectors = readFileSync('test/fixtures/signature/units.dev.jsonl', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

  for (const [name, run] of Object.entries(FUNCTIONS)) {
    it(`answer as the peer's: ${name}`, () => {
      const ofFunction = vectors.filter(({ fn }) => fn === name)
      expect(ofFunction.length).toBeGreaterThan(0)
      for (const { args, out } of ofFunction) expect(Reflect.apply(run, null, args), JSON.stringify(args)).toEqual(out)
    })
  }

  it('strip leading zeros of hexadecimal text and leave the rest', () => {
    expect(stripLeadingZeros('0x0000000000032ec0')).toBe('0x32ec0')
    expect(stripLeadingZeros('ffffffffffffffffff')).toBe('0xffffffffffffffffff')
    expect(stripLeadingZeros(' -0x_10 ')).toBe('-0x10')
    expect(stripLeadingZeros('0xzz')).toBe('0xzz')
    expect(stripLeadingZeros(16)).toBe('16')
  })
})
