import { type AnnotationSource, annotationSource } from '#shared/annotations/annotation-source.ts'
import { systemClock } from '#shared/clock.ts'
import { consoleLog } from '#shared/log.ts'
import type { Env } from './env.ts'

let annotations: AnnotationSource | null = null

/** The deployment's annotations: one source an isolate, for the queue's consumer and the CrashStore. */
export function annotationsOf(env: Pick<Env, 'CONFIG'>): AnnotationSource {
  annotations ??= annotationSource({
    config: env.CONFIG,
    stage: 'processor',
    keepsLastGood: true,
    clock: systemClock,
    log: consoleLog,
  })
  return annotations
}
