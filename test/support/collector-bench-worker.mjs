// The collector with stores in memory, and a door to its multipart reader. JavaScript, because the types of workerd and of Node do not go together.
import { createHash } from 'node:crypto'
import { readParts } from '../../shared/multipart.ts'
import collector from '../../workers/collector/index.ts'

export * from '../../workers/collector/index.ts'

const LIMITS = { maxParts: 100, maxPartHeaderBytes: 8_192 }

/** What the last report asked of storage before its answer. */
let last = { rounds: 0, operations: [] }

/** As much at once as there is, so that the store costs little beside the collector. */
async function readAway(stream) {
  const reader = stream.getReader({ mode: 'byob' })
  for (let read = { done: false, value: new Uint8Array(262_144) }; !read.done; )
    read = await reader.read(new Uint8Array(read.value.buffer))
}

/** A bucket in memory that reads what it is given and keeps none of it: no report is ever asked for again. `rounds` are round trips in sequence. */
function forgetfulBucket() {
  const seen = { rounds: 0, operations: [] }
  let ended = 0
  const asked =
    (operation, act) =>
    async (key, ...rest) => {
      const round = ended + 1
      seen.rounds = Math.max(seen.rounds, round)
      seen.operations.push(`${operation} ${String(key).split('/')[1]}`)
      const answer = await act(key, ...rest)
      ended = Math.max(ended, round)
      return answer
    }
  const put = async (key, value) => {
    if (value instanceof ReadableStream) await readAway(value)
    return { key, etag: 'etag' }
  }
  const nothing = async () => null
  const bucket = { put: asked('put', put), get: asked('get', nothing), head: asked('head', nothing), delete: nothing }
  return { bucket, seen }
}

const queue = { send: async () => undefined, metrics: async () => ({ backlogCount: 0 }) }

async function* chunksOf(bytes, size) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** The bytes that `parse` reads. */
let held = new Uint8Array(0)

async function parse(boundary, size, rounds, isHashed) {
  let dumpBytes = 0
  for (let round = 0; round < rounds; round++) {
    const hash = createHash('sha256')
    for await (const part of readParts(chunksOf(held, size), boundary, LIMITS)) {
      for await (const bytes of part.body) {
        dumpBytes += bytes.length
        if (isHashed) hash.update(bytes)
      }
    }
    hash.digest('hex')
  }
  return dumpBytes
}

export default {
  async fetch(request, env, context) {
    const url = new URL(request.url)
    switch (url.pathname) {
      case '/hold':
        held = new Uint8Array(await request.arrayBuffer())
        return new Response()
      case '/parse': {
        const { boundary, size, rounds, isHashed } = Object.fromEntries(url.searchParams)
        return Response.json(await parse(boundary, Number(size), Number(rounds), isHashed === 'true'))
      }
      case '/last':
        return Response.json(last)
      default: {
        const { bucket, seen } = forgetfulBucket()
        const stores = { CRASHES: bucket, CONFIG: { get: async () => null, put: async () => null }, CRASH_QUEUE: queue }
        const answer = await collector.fetch(request, { ...env, ...stores }, context)
        last = { rounds: seen.rounds, operations: [...seen.operations] }
        return answer
      }
    }
  },
}
