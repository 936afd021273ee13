import { WorkerEntrypoint } from 'cloudflare:workers'
import { type AnnotationRegistry, BUILT_IN_REGISTRY } from '#shared/annotations/registry.ts'
import type { Viewer } from '#shared/auth/permissions.ts'
import { systemClock } from '#shared/clock.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { consoleLog } from '#shared/log.ts'
import type { RulesetName } from '#shared/messages.ts'
import { crashState, listRawCrashes, writeFailedCrash } from '#shared/store/crash-states.ts'
import type {
  CommentsAdding,
  CrashReading,
  CrashState,
  CrashStoreRpc,
  DumpReading,
  PersonReading,
  RawCrashPage,
  Reprocessing,
} from '#shared/store/crash-store.ts'
import { annotationsOf } from './annotations.ts'
import type { Env } from './env.ts'
import { addPersonComments } from './person-comments.ts'
import { readPreset } from './preset.ts'
import { readDumpFor, readProcessed, readRaw } from './read-crash.ts'
import { readForPerson } from './read-for-person.ts'
import { reprocess } from './reprocess.ts'

/** The one way to read a crash: other Workers are bound to this entrypoint and not to the bucket. */
export class CrashStore extends WorkerEntrypoint<Env> implements CrashStoreRpc {
  async readRaw(crashId: CrashId, viewer: Viewer): Promise<CrashReading> {
    return readRaw(this.env.CRASHES, crashId, viewer, readPreset(this.env).scrub, await this.#registry())
  }

  async readProcessed(crashId: CrashId, viewer: Viewer): Promise<CrashReading> {
    return readProcessed(this.env.CRASHES, crashId, viewer, readPreset(this.env).scrub, await this.#registry())
  }

  /** While nobody knows what the deployment made public, only what is built in is. */
  async #registry(): Promise<AnnotationRegistry> {
    return (await annotationsOf(this.env).current()) ?? BUILT_IN_REGISTRY
  }

  dump(crashId: CrashId, name: string, viewer: Viewer): Promise<DumpReading> {
    return readDumpFor(this.env.CRASHES, crashId, name, viewer)
  }

  reprocess(crashIds: readonly CrashId[], ruleset: RulesetName, viewer: Viewer): Promise<Reprocessing> {
    const deps = { queue: this.env.CRASH_REPROCESS_QUEUE, clock: systemClock, log: consoleLog }
    return reprocess(crashIds, ruleset, viewer, deps)
  }

  readForPerson(crashId: CrashId): Promise<PersonReading> {
    return readForPerson(this.env.CRASHES, crashId)
  }

  addComments(crashId: CrashId, comments: string): Promise<CommentsAdding> {
    const { CRASHES: crashes, CRASH_REPROCESS_QUEUE: queue } = this.env
    const defer = (work: Promise<unknown>) => this.ctx.waitUntil(work)
    return addPersonComments(crashId, comments, { crashes, queue, defer, clock: systemClock, log: consoleLog })
  }

  listRawCrashes(day: string, cursor: string | null): Promise<RawCrashPage> {
    return listRawCrashes(this.env.CRASHES, day, cursor)
  }

  states(crashIds: readonly CrashId[]): Promise<readonly CrashState[]> {
    return Promise.all(crashIds.map((crashId) => crashState(this.env.CRASHES, crashId)))
  }

  recordFailure(crashId: CrashId, reason: string): Promise<void> {
    return writeFailedCrash(this.env.CRASHES, crashId, reason, systemClock())
  }
}
