import { z } from 'zod'

/**
 * What became of the block index of one stored sym file, as the books show it. The index itself says the same to its readers; nothing is decided by
 * what stands here.
 */
export const indexStateSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('indexed'), index_bytes: z.number() }),
  /** breakpad-symbols refuses the whole file at this line (counted from 1). */
  z.object({ state: z.literal('corrupt'), line: z.number(), reason: z.string() }),
  /** The platform failed at every try; the next request for the file tries again. */
  z.object({ state: z.literal('failed'), reason: z.string() }),
  /** The file's key has other content by now, which another row describes. */
  z.object({ state: z.literal('replaced') }),
])
export type IndexState = z.infer<typeof indexStateSchema>
