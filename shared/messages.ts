import { z } from 'zod'
import { crashIdSchema } from './crash-id.ts'

/**
 * Queue messages. They carry ids only (a queue's body limit is 128 KB, and errors of a send are opaque) and a version:
 * in a deploy, an old producer meets a new consumer.
 */

/** What the processor should do with the crash: all rules, or the signature alone on the stored processed crash. */
export const rulesetNameSchema = z.enum(['default', 'regenerate_signature'])
export type RulesetName = z.infer<typeof rulesetNameSchema>

/** `crashes`, `crashes-priority`, `crashes-reprocess`. `first_seen` is epoch milliseconds of the first send. */
export const crashMessageSchema = z.object({
  v: z.literal(1),
  crash_id: crashIdSchema,
  ruleset: rulesetNameSchema.optional(),
  tries: z.number().int().nonnegative(),
  first_seen: z.number().int().nonnegative(),
  /** Why the last try failed. Read by the dead-letter consumer. */
  reason: z.string().max(200).optional(),
})
export type CrashMessage = z.infer<typeof crashMessageSchema>

/** `symbol-uploads`, one of two. Without `file_key` the whole upload is unpacked. */
export const symbolUploadMessageSchema = z.object({
  v: z.literal(1),
  upload_id: z.number().int().positive(),
  file_key: z.string().optional(),
  tries: z.number().int().nonnegative(),
  first_seen: z.number().int().nonnegative(),
  reason: z.string().max(200).optional(),
})
export type SymbolUploadMessage = z.infer<typeof symbolUploadMessageSchema>

/**
 * `symbol-uploads`, the other: the sym file under this R2 key needs an index, whoever put it there. A consumer of an older release cannot read it
 * and drops it; the next request for the file, or the backfill, sends another.
 */
export const symFileMessageSchema = z.object({
  v: z.literal(1),
  object_key: z.string().min(1).max(1_024),
  tries: z.number().int().nonnegative(),
  first_seen: z.number().int().nonnegative(),
  reason: z.string().max(200).optional(),
})
export type SymFileMessage = z.infer<typeof symFileMessageSchema>

/** What lies in the queue `symbol-uploads`. */
export const symbolMessageSchema = z.union([symbolUploadMessageSchema, symFileMessageSchema])
export type SymbolMessage = z.infer<typeof symbolMessageSchema>
