import { readConfig } from '#shared/config.ts'
import { containerService } from './container.ts'
import type { Env } from './env.ts'
import type { StackwalkService } from './walk.ts'

/** The stackwalker service of this fleet: the one at STACKWALKER_URL, else the container. */
export function stackwalkService(env: Env): StackwalkService {
  const { STACKWALKER_URL: base } = readConfig(env, 'STACKWALKER_URL')
  if (base === '') return containerService(env)
  return {
    fetch(url, init) {
      return fetch(new URL(new URL(url).pathname, base), init)
    },
  }
}

/** Resolves when the service is well. */
export async function pingService(service: StackwalkService): Promise<void> {
  const response = await service.fetch('http://stackwalker/__heartbeat__')
  await response.body?.cancel()
  if (!response.ok) throw new Error(`the stackwalker answered HTTP ${response.status}`)
}
