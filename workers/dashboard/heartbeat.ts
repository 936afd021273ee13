import type { AnnotationSource } from '#shared/annotations/annotation-source.ts'
import type { HeartbeatCheck } from '#shared/http/heartbeat.ts'
import type { Env } from './env.ts'

interface SignInVariables {
  readonly ACCESS_TEAM_DOMAIN: string
  readonly ACCESS_AUDIENCE: string
}

/** What the dashboard asks to know that its parts are there. */
export function probes(env: Env, annotations: AnnotationSource, config: SignInVariables): readonly HeartbeatCheck[] {
  return [
    { name: 'R2 CONFIG', ask: () => env.CONFIG.head('products.json') },
    { name: 'annotations.json', severity: 'warning', ask: () => annotationsInForce(annotations) },
    { name: 'sign-in', severity: 'warning', ask: () => hasWholeSignIn(config) },
    { name: 'D1 DB', ask: () => env.DB.prepare('select 1').first() },
    { name: 'queue CRASH_PRIORITY_QUEUE', ask: () => env.CRASH_PRIORITY_QUEUE.metrics() },
    { name: 'CrashStore', ask: () => env.CRASH_STORE.states([]) },
    { name: 'search', ask: () => env.SEARCH.missing([]) },
  ]
}

/** Throws with the place of the mistake when the document that lies in CONFIG is not the one in force. */
async function annotationsInForce(annotations: AnnotationSource): Promise<void> {
  await annotations.current()
  const problem = annotations.problem()
  if (problem !== null) throw new Error(problem)
}

/** Throws where one of the two variables of sign-in is set and the other is not: nobody signs in, and somebody meant to. */
async function hasWholeSignIn(config: SignInVariables): Promise<void> {
  if ((config.ACCESS_TEAM_DOMAIN === '') === (config.ACCESS_AUDIENCE === '')) return
  throw new Error('ACCESS_TEAM_DOMAIN and ACCESS_AUDIENCE belong together: sign-in is closed until both are set')
}
