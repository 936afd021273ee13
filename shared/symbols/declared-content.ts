import { gunzip } from './byte-streams.ts'
import { type ContentFacts, ContentReader } from './content-reader.ts'
import { isSymFile, type SymbolKey } from './key.ts'

/** A symbol file as its uploader declared it (v2), before compression. */
export interface DeclaredFile {
  readonly key: SymbolKey
  readonly sizeBytes: number
  /** Hex. */
  readonly md5: string
}

/** Why a file is not what its uploader declared. The bytes are whole: every part's hash was right. */
export type ContentRefusal =
  | { readonly reason: 'bad_encoding' }
  | { readonly reason: 'wrong_size'; readonly sizeBytes: number }
  | { readonly reason: 'wrong_md5'; readonly md5: string }

/** What the uploader reads of a refused file. */
export function contentRefusalText({ key, sizeBytes, md5 }: DeclaredFile, refusal: ContentRefusal): string {
  switch (refusal.reason) {
    case 'bad_encoding':
      return `${key} is not one whole gzip stream; compress it and upload it again`
    case 'wrong_size':
      return `${key} has ${refusal.sizeBytes > sizeBytes ? 'more' : refusal.sizeBytes} bytes where ${sizeBytes} were declared`
    case 'wrong_md5':
      return `${key} has the MD5 ${refusal.md5} where ${md5} was declared`
  }
}

export type DeclaredReading =
  | { readonly kind: 'right'; readonly facts: ContentFacts }
  | { readonly kind: 'wrong'; readonly refusal: ContentRefusal }

/**
 * Reads a file in its stored form and checks it against what was declared. Sym files come as gzip, all else as it is. Reading
 * stops with the first byte over the declared size. Throws only what `stored` throws.
 */
export async function readDeclared(
  declared: DeclaredFile,
  stored: AsyncIterable<Uint8Array>,
): Promise<DeclaredReading> {
  const content = new ContentReader(declared.key)
  const source = new HeardSource(stored)
  try {
    for await (const plain of isSymFile(declared.key) ? gunzip(source.chunks()) : source.chunks()) {
      content.push(plain)
      if (content.bytes > declared.sizeBytes) return wrong({ reason: 'wrong_size', sizeBytes: content.bytes })
    }
  } catch {
    if (source.thrown !== null) throw source.thrown.error
    return wrong({ reason: 'bad_encoding' })
  }
  const facts = content.facts()
  if (facts.originalBytes !== declared.sizeBytes) {
    return wrong({ reason: 'wrong_size', sizeBytes: facts.originalBytes })
  }
  return facts.md5 === declared.md5 ? { kind: 'right', facts } : wrong({ reason: 'wrong_md5', md5: facts.md5 })
}

/** Remembers what the source threw: behind a transform it looks like damaged data. */
class HeardSource {
  readonly #source: AsyncIterable<Uint8Array>
  #thrown: { readonly error: unknown } | null = null

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source
  }

  get thrown(): { readonly error: unknown } | null {
    return this.#thrown
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* this.#source
    } catch (thrown) {
      this.#thrown = { error: thrown }
      throw thrown
    }
  }
}

function wrong(refusal: ContentRefusal): DeclaredReading {
  return { kind: 'wrong', refusal }
}
