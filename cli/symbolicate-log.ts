import { type LogPiece, logPieces } from './log-lines.ts'
import { printable, sourceText } from './stackwalk-report.ts'
import { type ModuleOffset, moduleOffsets } from './symbolicate-line.ts'
import type { AddressLookup, AddressName, NamedAddress } from './symbolicate-lookup.ts'
import type { KnownModules } from './symbolicate-modules.ts'

/** A line longer than this is no stack frame and passes unread. */
export const MAX_LOG_LINE_BYTES = 64 * 1024
/** Names that are remembered: logs repeat their stacks. */
const MAX_NAMES = 100_000

/** How a log is rewritten. */
export interface LogRewriting {
  readonly modules: KnownModules
  readonly lookup: AddressLookup
  /** Each inlined call gets a line of its own, before the line of its frame. */
  readonly inlines: boolean
  /** Addresses are looked up one byte earlier, in the call that they return from. */
  readonly returnAddresses: boolean
}

/** What was seen in a log. */
export interface LogSummary {
  named: number
  unnamed: number
  longLines: number
  /** By `<module>: <reason>`. */
  readonly reasons: Map<string, number>
}

/** Rewrites logs one after the other; names and the summary are of all of them. */
export class LogRewriter {
  readonly summary: LogSummary = { named: 0, unnamed: 0, longLines: 0, reasons: new Map() }
  readonly #rewriting: LogRewriting
  readonly #names = new Map<string, AddressName>()

  constructor(rewriting: LogRewriting) {
    this.#rewriting = rewriting
  }

  /**
   * The log with ` in <function> (<file>:<line>)` after each offset that has a name, and every other byte as it was. Yields with each chunk that ends a line. Throws
   * what `chunks` throws.
   */
  async *rewrite(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    let wasLong = false
    for await (const pieces of logPieces(chunks, MAX_LOG_LINE_BYTES)) {
      // One character a byte: what is not ASCII comes out as it went in.
      const lines = pieces.map(({ kind, bytes }) => (kind === 'line' ? bytes.toString('latin1') : ''))
      const offsets = lines.map(moduleOffsets)
      await this.#learn(offsets.flat())
      for (const [at, piece] of pieces.entries()) {
        if (piece.kind === 'part' && !wasLong) this.summary.longLines += 1
        wasLong = piece.kind === 'part' && piece.bytes.at(-1) !== 0x0a
        yield this.#rewritten(piece, lines[at] ?? '', offsets[at] ?? [])
      }
    }
  }

  async #learn(offsets: readonly ModuleOffset[]): Promise<void> {
    if (this.#names.size > MAX_NAMES) this.#names.clear()
    const { modules, lookup, returnAddresses } = this.#rewriting
    const asked = new Map<string, ModuleOffset>()
    for (const offset of offsets) {
      const key = nameKey(offset)
      if (this.#names.has(key) || asked.has(key)) continue
      const match = modules.match({ ...offset, module: utf8(offset.module) })
      if (match.kind === 'module') asked.set(key, offset)
      else this.#names.set(key, { kind: 'unnamed', reason: match.kind })
    }
    const wanted = [...asked].flatMap(([key, offset]) => {
      const match = modules.match({ ...offset, module: utf8(offset.module) })
      if (match.kind !== 'module') return []
      const earlier = returnAddresses && offset.offset > 0n ? offset.offset - 1n : offset.offset
      return [{ key, debugFile: match.debugFile, debugId: match.debugId, offset: earlier }]
    })
    if (wanted.length === 0) return
    const names = await lookup(wanted)
    for (const [at, { key }] of wanted.entries()) {
      const name = names[at]
      if (name !== undefined) this.#names.set(key, name)
    }
  }

  #rewritten(piece: LogPiece, line: string, offsets: readonly ModuleOffset[]): Uint8Array {
    let text = ''
    let inlined = ''
    let from = 0
    for (const offset of offsets) {
      const name = this.#names.get(nameKey(offset))
      if (name === undefined || name.kind === 'unnamed') {
        this.#count(offset, name?.reason ?? 'no_function')
        continue
      }
      this.summary.named += 1
      text += line.slice(from, offset.end) + latin1(` in ${placeText(name.name)}`)
      from = offset.end
      if (this.#rewriting.inlines) inlined += inlineLines(name.name, line)
    }
    if (from === 0) return piece.bytes
    return Buffer.from(inlined + text + line.slice(from), 'latin1')
  }

  #count(offset: ModuleOffset, reason: string): void {
    const { summary } = this
    summary.unnamed += 1
    const key = `${printable(utf8(offset.module))}: ${reason}`
    // Of a hostile log every line may name another module.
    if (summary.reasons.size < MAX_REASONS || summary.reasons.has(key)) {
      summary.reasons.set(key, (summary.reasons.get(key) ?? 0) + 1)
    }
  }
}

const MAX_REASONS = 1_000

function nameKey({ module, offset, buildId }: ModuleOffset): string {
  return `${module}\0${buildId ?? ''}\0${offset}`
}

/** `visit(Owner*, int) (src/null_chain.cpp:9)`. */
function placeText({ function: name, file, line }: Omit<NamedAddress, 'inlines'>): string {
  const source = sourceText(file, line)
  return printable(source === null ? name : `${name} (${source})`)
}

/** A line for each inlined call, innermost first, with the indentation and the line end of their frame. */
function inlineLines({ inlines }: NamedAddress, line: string): string {
  const indentation = /^[ \t]{0,64}/.exec(line)?.[0] ?? ''
  const end = line.endsWith('\r\n') ? '\r\n' : '\n'
  return inlines.map((inline) => `${indentation}    inlined ${latin1(placeText({ ...inline }))}${end}`).join('')
}

function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8')
}

function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
