import { z } from 'zod'
import { ANONYMOUS } from '#shared/auth/permissions.ts'
import { type CrashId, parseCrashId } from '#shared/crash-id.ts'
import { RPC_DEADLINE_MS } from '#shared/limits.ts'
import type { CrashReading } from '#shared/store/crash-store.ts'
import type { DashboardDeps } from '../deps.ts'
import { askStage } from '../stage-unavailable.ts'
import { errorAnswer } from './api-answer.ts'
import { answering, type Model } from './model.ts'

/** `GET /api/CrashVerify/?crash_id=`: which parts of a crash are stored. Nothing on the way remembers an answer. */
export const crashVerify: Model = {
  name: 'CrashVerify',
  about: 'Where a crash is stored: raw crash, processed crash, search index. No cache stands between.',
  verbs: ['GET'],
  needs: null,
  cacheSeconds: 0,
  results: {
    'application/json': z.object({
      uuid: z.string(),
      raw_crash: z.boolean(),
      processed_crash: z.boolean(),
      elasticsearch_crash: z.boolean().meta({ description: 'In the search index; the peer’s name for it.' }),
      telemetry_crash: z.boolean(),
    }),
  },
  // The peer names no parameter in this 400, so the text is read here.
  ...answering(
    {
      crash_id: z
        .string()
        .default('')
        .meta({ description: 'The crash id.', examples: ['1ce5e5f2-4b8e-4a5b-9d2c-6f1e30261123'] }),
    },
    async ({ crash_id }, _context, deps) => {
      const crashId = parseCrashId(crash_id)
      return crashId === null ? errorAnswer(400, 'unknown crash id') : verify(crashId, deps)
    },
  ),
}

async function verify(crashId: CrashId, { crashStore, searchIndex }: DashboardDeps): Promise<Response> {
  const [raw, processed, missing] = await Promise.all([
    askStage('CrashStore', RPC_DEADLINE_MS, crashStore.readRaw(crashId, ANONYMOUS).then(isThere)),
    askStage('CrashStore', RPC_DEADLINE_MS, crashStore.readProcessed(crashId, ANONYMOUS).then(isThere)),
    askStage('search', RPC_DEADLINE_MS, searchIndex.missing([crashId])),
  ])
  return Response.json({
    uuid: crashId,
    raw_crash: raw,
    processed_crash: processed,
    elasticsearch_crash: missing.length === 0,
    // No telemetry copies are written yet.
    telemetry_crash: false,
  })
}

/** A crash's content is not wanted: its stream is let go at once. */
async function isThere(reading: CrashReading): Promise<boolean> {
  if (reading.kind !== 'found') return false
  await reading.json.cancel()
  return true
}
