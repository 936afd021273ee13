import { WorkerEntrypoint } from 'cloudflare:workers'
import { errorText } from '#shared/log.ts'
import type { StackwalkAnswer, StackwalkerRpc, StackwalkOptions } from '#shared/minidump/stackwalk.ts'
import { app } from './app.ts'
import type { Env } from './env.ts'
import { pingService, stackwalkService } from './service.ts'
import { walk } from './walk.ts'

/** The library reaches the container's outbound handlers through this entrypoint. */
export { ContainerProxy } from '@cloudflare/containers'
export { StackwalkerContainer } from './container.ts'

/** Walks minidumps for the processor. */
export class Stackwalker extends WorkerEntrypoint<Env> implements StackwalkerRpc {
  async walk(minidump: ReadableStream<Uint8Array>, options: StackwalkOptions): Promise<StackwalkAnswer> {
    try {
      return await walk(stackwalkService(this.env), minidump, options)
    } catch (thrown) {
      return { kind: 'unavailable', reason: errorText(thrown) }
    }
  }

  async ping(): Promise<void> {
    await pingService(stackwalkService(this.env))
  }
}

export default { fetch: app.fetch } satisfies ExportedHandler<Env>
