import { z } from 'zod'
import { duplicateCountsSchema, type KeepRule, type Verdict } from '#shared/throttle/duplicate-counts.ts'
import type { Alike, Continent, Duplicates } from '#shared/throttle/duplicates-port.ts'
import type { DUPLICATES_CALLS, DuplicatesCall } from './duplicates-object.ts'

/** Near to whom an object is made: it stays where its first report came from. */
const LOCATION_HINTS: Readonly<Record<Continent, DurableObjectLocationHint | null>> = {
  AF: 'afr',
  AN: null,
  AS: 'apac',
  EU: 'weur',
  NA: 'enam',
  OC: 'oc',
  SA: 'sam',
  XX: null,
}

const verdictSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('keep'), weight: z.int().min(1) }),
  z.object({ kind: z.literal('drop') }),
])
const readingSchema = z.object({ counts: duplicateCountsSchema.nullable() })

/** The `Duplicates` objects, over the HTTP that itty-durable speaks: a call's arguments go as JSON in a header. */
export function duplicatesOf(namespace: DurableObjectNamespace): Duplicates {
  async function call<Call extends DuplicatesCall>(
    { fingerprint, continent }: Alike,
    name: Call,
    args: z.infer<(typeof DUPLICATES_CALLS)[Call]>,
  ): Promise<Response> {
    const locationHint = LOCATION_HINTS[continent]
    const id = namespace.idFromName(`${fingerprint} ${continent}`)
    const stub = namespace.get(id, locationHint === null ? {} : { locationHint })
    const response = await stub.fetch(`https://duplicates/do/call/${name}`, {
      headers: { 'do-content': JSON.stringify(args) },
    })
    if (!response.ok)
      throw new Error(`Duplicates answered ${response.status}: ${(await response.text()).slice(0, 200)}`)
    return response
  }
  return {
    async count(alike: Alike, { keep_first, then_one_in }: KeepRule): Promise<Verdict> {
      return verdictSchema.parse(await (await call(alike, 'count', [{ keep_first, then_one_in }])).json())
    },
    async countExempt(alike) {
      await call(alike, 'countOneExempt', [])
    },
    async noteSignature(alike, signature, lists) {
      await call(alike, 'noteOneSignature', [signature, lists])
    },
    async read(alike) {
      return readingSchema.parse(await (await call(alike, 'read', [])).json()).counts
    },
  }
}
