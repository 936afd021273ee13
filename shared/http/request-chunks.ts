/** Why reading a body ended before its end. */
export type BodyProblemReason = 'body_too_large' | 'body_timeout' | 'body_aborted'

/** Thrown out of {@link requestChunks}; whoever answers turns it into one. */
export class BodyProblem extends Error {
  readonly reason: BodyProblemReason

  constructor(reason: BodyProblemReason) {
    super(reason)
    this.name = 'BodyProblem'
    this.reason = reason
  }
}

/** The chunks of a request's body, at most `maxBytes` in all and none later than `idleMs` after the one before. Throws {@link BodyProblem}. */
export async function* requestChunks(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  idleMs: number,
): AsyncGenerator<Uint8Array, void, void> {
  if (body === null) return
  const reader = body.getReader()
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = await readInTime(reader, idleMs)
      if (done) return
      bytes += value.length
      if (bytes > maxBytes) throw new BodyProblem('body_too_large')
      yield value
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

async function readInTime(reader: ReadableStreamDefaultReader<Uint8Array>, idleMs: number) {
  let timer: ReturnType<typeof setTimeout> | null = null
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BodyProblem('body_timeout')), idleMs)
  })
  const read = reader.read().catch(() => {
    throw new BodyProblem('body_aborted')
  })
  try {
    return await Promise.race([late, read])
  } finally {
    clearTimeout(timer)
  }
}
