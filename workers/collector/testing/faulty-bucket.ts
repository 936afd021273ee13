import { env } from 'cloudflare:workers'
import type { Bucket } from '#shared/ports.ts'

/**
 * What happens to one operation: nothing, an error before it or after it took effect, no answer at all, or (`again`) a reply that was lost on the way,
 * after which the runtime by itself asked once more.
 */
export type Fault = 'none' | 'before' | 'after' | 'hang' | 'again'
export type Operation = 'get' | 'head' | 'put' | 'delete'

/** Decides by the operation, its key, and how often that operation on that key was asked for. */
export type FaultPlan = (operation: Operation, key: string, turn: number) => Fault

/** One operation as the bucket saw it. `round`: 1 + the rounds of operations that had ended when it began. */
export interface SeenOperation {
  readonly operation: Operation
  readonly key: string
  readonly round: number
}

/** The real bucket, with faults put in and every operation seen. */
export function faultyBucket(plan: FaultPlan = () => 'none'): { bucket: Bucket; seen: SeenOperation[] } {
  const real = env.CRASHES
  const seen: SeenOperation[] = []
  const turns = new Map<string, number>()
  let endedRounds = 0
  const faulty =
    (operation: Operation) =>
    async (key: string, ...rest: unknown[]) => {
      const round = endedRounds + 1
      seen.push({ operation, key, round })
      const turn = (turns.get(`${operation} ${key}`) ?? 0) + 1
      turns.set(`${operation} ${key}`, turn)
      const fault = plan(operation, String(key), turn)
      if (fault === 'hang') return new Promise(() => undefined)
      if (fault === 'before') throw new Error('R2 is down')
      if (fault === 'again') await Reflect.apply(real[operation], real, [key, ...rest])
      const answer = await Reflect.apply(real[operation], real, [key, ...rest])
      endedRounds = Math.max(endedRounds, round)
      if (fault === 'after') throw new Error('the reply was lost')
      return answer
    }
  const bucket: Bucket = {
    get: faulty('get'),
    head: faulty('head'),
    put: faulty('put'),
    delete: faulty('delete'),
    list: real.list.bind(real),
    createMultipartUpload: real.createMultipartUpload.bind(real),
    resumeMultipartUpload: real.resumeMultipartUpload.bind(real),
  }
  return { bucket, seen }
}

/** All keys that are stored. */
export async function storedKeys(): Promise<readonly string[]> {
  return (await env.CRASHES.list()).objects.map(({ key }) => key).sort()
}

/** The text of an object; undefined where there is none. */
export const storedText = async (key: string) => (await env.CRASHES.get(key))?.text()

/** Deletes all that is stored. */
export async function emptyBucket(): Promise<void> {
  const keys = await storedKeys()
  if (keys.length > 0) await env.CRASHES.delete([...keys])
}
