import { WorkerEntrypoint } from 'cloudflare:workers'
import { FORMAT_VERSION } from '#shared/symbols/index/index-file.ts'
import type { LookupOutcome, LookupRequest, PartialOutcome, SymbolsRpc } from '#shared/symbols/symbols-rpc.ts'
import { listUnindexed, type UnindexedPage, type UnindexedRpc } from '#shared/symbols/unindexed.ts'
import type { Env } from './env.ts'
import { lookupModules } from './lookup.ts'
import { partialModules } from './partial.ts'
import { answerInternalRead } from './reads.ts'
import { appOf, flushMisses, indexReadsOf, readsOf, room } from './wiring.ts'

/** What lies at addresses, for the Workers that are bound to this entrypoint: symbolication and the scheduler. */
export class Symbols extends WorkerEntrypoint<Env> implements SymbolsRpc, UnindexedRpc {
  async lookup(asked: readonly LookupRequest[], alsoTry: boolean): Promise<readonly LookupOutcome[]> {
    const outcomes = await lookupModules(asked, alsoTry, indexReadsOf(this.env))
    flushMisses(this.env, this.ctx)
    return outcomes
  }

  async partial(asked: readonly LookupRequest[], alsoTry: boolean): Promise<readonly PartialOutcome[]> {
    const lease = room.lease()
    try {
      const outcomes = await partialModules(asked, alsoTry, lease, indexReadsOf(this.env))
      flushMisses(this.env, this.ctx)
      return outcomes
    } finally {
      lease.end()
    }
  }

  unindexed(after: string | null): Promise<UnindexedPage> {
    return listUnindexed(this.env.SYMBOLS, after, FORMAT_VERSION)
  }
}

/**
 * Symbol files for other Workers, which need no token. Only a service binding that names this entrypoint reaches it: the stackwalker's.
 */
export class SymbolReads extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    const response = await answerInternalRead(request, readsOf(this.env))
    flushMisses(this.env, this.ctx)
    return response
  }
}

export default {
  async fetch(request, env, context) {
    const response = await appOf(env).fetch(request)
    flushMisses(env, context)
    return response
  },
} satisfies ExportedHandler<Env>
