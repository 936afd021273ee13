import { describe, it } from 'vitest'
import { rows, type SymbolicationServer } from '../../test/conformance/symbolication/cases.ts'
import { SYMS } from '../../test/conformance/symbolication/sym-texts.ts'
import { symbolicationRig } from './testing/symbolication-rig.ts'

/** The HTTP rows of test/conformance/symbolication inside workerd, with symbols from memory. */
const rig = symbolicationRig()
for (const { text } of SYMS) rig.symbols.add(text)
const server: SymbolicationServer = { fetch: (path, init) => rig.fetch(path, init) }

describe('symbolication', () => {
  it.each(rows)('$id: $name', async (row) => row.run(server))
})
