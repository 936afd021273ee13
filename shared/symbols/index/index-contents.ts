import type { BlockReads } from './block-reads.ts'
import { CfiBlock } from './cfi-block.ts'
import { FunctionBlock } from './function-block.ts'
import { NameFinder } from './name-finder.ts'
import { PublicFinder } from './public-finder.ts'
import { RecordFinder } from './record-finder.ts'
import type { UpperIndex } from './upper-index.ts'
import { WinBlock } from './win-block.ts'

/** An open index by kind of record. */
export interface IndexContents {
  readonly upper: UpperIndex
  readonly functions: RecordFinder<FunctionBlock>
  readonly publics: PublicFinder
  readonly cfi: RecordFinder<CfiBlock>
  readonly framedata: RecordFinder<WinBlock>
  readonly fpo: RecordFinder<WinBlock>
  readonly files: NameFinder
  readonly origins: NameFinder
}

/** The contents of the index that `upper` belongs to. */
export function indexContents(upper: UpperIndex, reads: BlockReads): IndexContents {
  return {
    upper,
    functions: new RecordFinder(upper.directories.functions, reads, FunctionBlock),
    publics: new PublicFinder(upper, reads),
    cfi: new RecordFinder(upper.directories.cfi, reads, CfiBlock),
    framedata: new RecordFinder(upper.directories.framedata, reads, WinBlock),
    fpo: new RecordFinder(upper.directories.fpo, reads, WinBlock),
    files: new NameFinder(upper.files, reads),
    origins: new NameFinder(upper.origins, reads),
  }
}
