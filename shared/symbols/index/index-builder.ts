import type { Address } from './address.ts'
import type { CfiGroup } from './cfi-block.ts'
import { CfiRun } from './cfi-run.ts'
import type { FunctionGroup } from './function-group.ts'
import { FunctionRun } from './function-run.ts'
import type { IndexFile } from './index-file.ts'
import type { KeptRanges } from './kept-ranges.ts'
import { FileChoice, type NameChoice, OriginChoice } from './local-names.ts'
import { NameStore } from './name-store.ts'
import { publicRanges } from './public-ranges.ts'
import { PublicRun } from './public-run.ts'
import { type SortedFrom, SortingPass } from './sorting-pass.ts'
import type { ModuleWords, SymRecords, WinFields } from './sym-records.ts'
import { type Directory, KINDS, type Kind, type ModuleLines, type UpperIndex } from './upper-index.ts'
import { type FixedWin, WinFixUp, WinRun } from './win-run.ts'

/** What breakpad-symbols reads and an index does not hold: no real file comes near. */
export type BeyondIndex = 'function_too_large' | 'too_many_names' | 'too_disordered'

const MIB = 1024 * 1024
/** Names that wait in memory for the blocks that take them in: compressed, and unpacked. */
const ORIGIN_BYTES = [11 * MIB, 1.5 * MIB] as const
const FILE_BYTES = [2 * MIB, 2.5 * MIB] as const
/** Text that may be read in all to sort a file in no order: each reading brings up to 100,000 records. It bounds the time, not the memory. */
const MAX_SORTED_BYTES = 4_000_000_000
const MAX_PASSES = 32

/** Where the records of each kind go. */
interface Runs {
  functions: FunctionRun
  publics: PublicRun
  cfi: CfiRun
  framedata: WinRun
  fpo: WinRun
}

/** Makes the blocks of an index from the records of a sym file, as they come by. */
export class IndexBuilder implements SymRecords {
  readonly #file: IndexFile
  readonly #files: NameStore
  readonly #origins: NameStore
  readonly #fileChoice: NameChoice
  readonly #originChoice: OriginChoice
  readonly #runs: Runs
  /** Kinds whose records are in no order: their runs take nothing more, and the text is read again. */
  readonly #disordered = new Set<Kind>()
  #left: SortedFrom = new Map()
  #passes = 1
  #group: FunctionGroup | null = null
  #cfiGroup: CfiGroup | null = null
  readonly #fixUps = { framedata: new WinFixUp(), fpo: new WinFixUp() }
  readonly #records = { functions: 0, publics: 0, cfi: 0, framedata: 0, fpo: 0 }
  #module: ModuleLines = {
    hasModule: false,
    os: '',
    arch: '',
    debugId: '',
    debugFile: '',
    codeId: '',
    codeFile: '',
  }
  #beyond: BeyondIndex | null = null

  constructor(file: IndexFile) {
    this.#file = file
    this.#files = new NameStore(file, ...FILE_BYTES)
    this.#origins = new NameStore(file, ...ORIGIN_BYTES)
    this.#originChoice = new OriginChoice(this.#origins)
    this.#fileChoice = new FileChoice(this.#files, this.#originChoice)
    this.#runs = {
      functions: this.#run('functions'),
      publics: this.#run('publics'),
      cfi: this.#run('cfi'),
      framedata: this.#run('framedata'),
      fpo: this.#run('fpo'),
    }
  }

  get moduleLines(): ModuleLines {
    return this.#module
  }

  get records(): UpperIndex['records'] {
    return this.#records
  }

  /** How often the text was read. */
  get passes(): number {
    return this.#passes
  }

  /** Why this file cannot have an index, if so. To be asked now and then: it is also where kinds in no order are given up. */
  beyond(): BeyondIndex | null {
    for (const kind of KINDS) if (this.#keptOf(kind).isTooDisordered) this.#giveUp(kind)
    if (this.#runs.functions.isTooLarge) return 'function_too_large'
    if (this.#files.isTooLarge || this.#origins.isTooLarge) return 'too_many_names'
    return this.#beyond
  }

  /** Frees what is not needed any more. To be called now and then. */
  async relieve(): Promise<void> {
    if (!this.#originChoice.isWorthIt) await this.#origins.release()
  }

  /** The text came to its end. */
  endText(): void {
    this.#add('framedata', this.#fixUps.framedata.end())
    this.#add('fpo', this.#fixUps.fpo.end())
    for (const kind of KINDS) if (!this.#disordered.has(kind)) this.#runs[kind].settle()
    this.beyond()
    this.#left = new Map([...this.#disordered].map((kind) => [kind, 0]))
  }

  /** What is to read a text of this size once more; null when it need not be read. */
  nextPass(textBytes: number): SortingPass | null {
    if (this.#left.size === 0) return null
    this.#passes++
    if (this.#passes > MAX_PASSES || this.#passes * textBytes > MAX_SORTED_BYTES) {
      this.#beyond = 'too_disordered'
      return null
    }
    return new SortingPass(this.#runs, this.#left)
  }

  /** The text was read once more. */
  endPass(pass: SortingPass): void {
    this.#left = pass.finish()
    if (pass.isTooLarge) this.#beyond = 'function_too_large'
    for (const kind of KINDS) if (!this.#left.has(kind)) this.#runs[kind].settle()
  }

  /** Packs what is left. */
  async finish(symEtag: string, textBytes: number): Promise<UpperIndex> {
    const directories: Readonly<Record<Kind, Directory>> = {
      functions: this.#runs.functions.run.finish('kept'),
      publics: this.#runs.publics.run.finish('all'),
      cfi: this.#runs.cfi.run.finish('kept'),
      framedata: this.#runs.framedata.run.finish('kept'),
      fpo: this.#runs.fpo.run.finish('kept'),
    }
    const files = await this.#files.finish()
    const origins = await this.#origins.finish()
    return {
      symEtag,
      module: this.#module,
      refused: null,
      textBytes,
      records: this.#records,
      directories,
      publicRanges: this.#publicRanges(),
      files,
      origins,
    }
  }

  module({ os, arch, debugId, debugFile }: ModuleWords): void {
    this.#module = { ...this.#module, hasModule: true, os, arch, debugId, debugFile }
  }

  info(bytes: Uint8Array, start: number, end: number): void {
    if (this.#module.codeId !== '') return
    const text = decoder.decode(bytes.subarray(start, Math.min(end, start + MAX_CODE_ID_BYTES)))
    const [, codeId = '', codeFile = ''] = CODE_ID.exec(text) ?? []
    this.#module = { ...this.#module, codeId, codeFile }
  }

  file(id: number, bytes: Uint8Array, start: number, end: number): void {
    this.#files.define(id, bytes, start, end)
  }

  inlineOrigin(id: number, bytes: Uint8Array, start: number, end: number): void {
    this.#origins.define(id, bytes, start, end)
  }

  publicSymbol(address: Address, parameterSize: number, bytes: Uint8Array, start: number, end: number): void {
    this.#records.publics++
    if (!this.#disordered.has('publics')) this.#runs.publics.add(address, parameterSize, bytes, start, end)
  }

  beginFunc(
    address: Address,
    size: number,
    parameterSize: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#records.functions++
    this.#group = this.#disordered.has('functions') ? null : this.#runs.functions.begin(address, size)
    this.#group?.begin(address, size, parameterSize, bytes, start, end)
  }

  line(address: Address, size: number, line: number, file: number): void {
    this.#group?.addLine(address, size, line, file)
  }

  inline(depth: number, callLine: number, callFile: number, origin: number): void {
    this.#group?.addSite(depth, callLine, callFile, origin)
  }

  inlineRange(address: Address, size: number): void {
    this.#group?.addInline(address, size)
  }

  endFunc(textBytes: number): void {
    if (this.#group === null) return
    this.#group.textBytes = textBytes
    this.#group = null
    this.#runs.functions.end()
  }

  beginCfi(address: Address, size: number, bytes: Uint8Array, start: number, end: number): void {
    this.#records.cfi++
    this.#cfiGroup = this.#disordered.has('cfi') ? null : this.#runs.cfi.begin(address, size)
    this.#cfiGroup?.begin(address, size, bytes, start, end)
  }

  cfiRule(address: Address, bytes: Uint8Array, start: number, end: number): void {
    this.#cfiGroup?.add(address, bytes, start, end)
  }

  endCfi(textBytes: number): void {
    if (this.#cfiGroup === null) return
    this.#cfiGroup.textBytes = textBytes
    this.#cfiGroup = null
    this.#runs.cfi.end()
  }

  win(fields: Readonly<WinFields>, bytes: Uint8Array, start: number, end: number): void {
    const kind = fields.kind === 4 ? 'framedata' : 'fpo'
    this.#records[kind]++
    if (!this.#disordered.has(kind)) this.#add(kind, this.#fixUps[kind].add(fields, bytes, start, end))
  }

  #add(kind: 'framedata' | 'fpo', win: FixedWin | null): void {
    if (win !== null && !this.#disordered.has(kind)) this.#runs[kind].add(win)
  }

  /** The records of a kind are in no order: what was made of them so far lies in the file unused. */
  #giveUp(kind: Kind): void {
    this.#disordered.add(kind)
    if (kind === 'functions') {
      this.#runs.functions = this.#run('functions')
      this.#group = null
    } else if (kind === 'cfi') {
      this.#runs.cfi = this.#run('cfi')
      this.#cfiGroup = null
    } else if (kind === 'publics') {
      this.#runs.publics = this.#run('publics')
    } else {
      this.#runs[kind] = this.#run(kind)
    }
  }

  #run<K extends Kind>(kind: K): Runs[K] {
    const make: { readonly [Key in Kind]: () => Runs[Key] } = {
      functions: () => new FunctionRun(this.#file, this.#fileChoice, this.#originChoice),
      publics: () => new PublicRun(this.#file),
      cfi: () => new CfiRun(this.#file),
      framedata: () => new WinRun(this.#file),
      fpo: () => new WinRun(this.#file),
    }
    return make[kind]()
  }

  #keptOf(kind: Kind): Pick<KeptRanges<never>, 'isTooDisordered'> {
    return this.#runs[kind].run.kept
  }

  #publicRanges(): UpperIndex['publicRanges'] {
    const publics = this.#runs.publics.addresses()
    const { kept } = this.#runs.functions.run
    return publics === null || !kept.areRangesKnown ? null : publicRanges(publics, kept.allKept())
  }
}

const MAX_CODE_ID_BYTES = 4 * 1024
const CODE_ID = /^CODE_ID[ \t]+([0-9A-Fa-f]+)(?:[ \t]+([^\r\n]+?))?[ \t\r\n]*$/
const decoder = new TextDecoder()
