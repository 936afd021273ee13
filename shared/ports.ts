import type { R2Bucket } from '@cloudflare/workers-types'

/**
 * Narrow forms of the platform's objects: what the domain needs and no more. The real bindings satisfy them as they are.
 */

/** The R2 operations that stores use. */
export type Bucket = Pick<
  R2Bucket,
  'get' | 'head' | 'put' | 'delete' | 'list' | 'createMultipartUpload' | 'resumeMultipartUpload'
>

/** What a sender needs of a queue. Messages are ids, see messages.ts. */
export interface Sender<Message> {
  send(message: Message, options?: { delaySeconds?: number }): Promise<unknown>
  sendBatch(messages: Iterable<{ body: Message; delaySeconds?: number }>): Promise<unknown>
}

/** What a heartbeat and reconcile need of a queue: never a send (socorro#4853: a health check's message sat in the queue). */
export interface QueueMetrics {
  metrics(): Promise<{ oldestMessageTimestamp?: Date; backlogCount: number }>
}
