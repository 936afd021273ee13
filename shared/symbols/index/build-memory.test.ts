import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { bigSym } from './testing/big-sym.ts'
import { cappedBuild } from './testing/capped-build.ts'
import { FULL_SIZE, SEED } from './testing/random.ts'

/** Generated files of 200 MB with MAYDAY_TEST_SIZE=full, else of 24 MB; MAYDAY_SEED makes others. */
const BYTES = (FULL_SIZE ? 200 : 24) * 1_000_000
/** The builder's goal, and what Node itself and its garbage between two collections take in a build of nothing. */
const MAX_PEAK = (64 + 8) * 2 ** 20
const MAX_MS = 600_000

describe('building an index', () => {
  for (const [kind, originShare, isLocal] of [
    ['of plain functions', 0.07, true],
    ['with 40 % names of inlined functions', 0.4, true],
    ['whose names are used all over', 0.4, false],
  ] as const) {
    it(
      `${kind} takes memory that does not grow with the file`,
      () => {
        const folder = mkdtempSync(`${tmpdir()}/mayday-index-`)
        try {
          const file = openSync(`${folder}/big.sym`, 'w')
          for (const chunk of bigSym({ bytes: BYTES, seed: SEED, originShare, isLocal }, () => undefined))
            writeSync(file, chunk)
          closeSync(file)
          const built = cappedBuild('file', `${folder}/big.sym`, `${folder}/index`)
          expect(built).toMatchObject({ kind: 'indexed', facts: { passes: 1 } })
          if (built.kind !== 'indexed') return
          console.log(`seed ${SEED}: heap and external ${(built.peakHeap / 2 ** 20).toFixed(1)} MiB`)
          expect(built.peakHeap).toBeLessThan(MAX_PEAK)
        } finally {
          rmSync(folder, { recursive: true, force: true })
        }
      },
      MAX_MS,
    )
  }
})
