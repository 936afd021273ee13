import { z } from 'zod'
import { may } from '#shared/auth/permissions.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { DOWNLOAD_CSP } from '#shared/http/security-headers.ts'
import { RPC_DEADLINE_MS } from '#shared/limits.ts'
import { recordAccess, recordCrashAccess } from '../access-record.ts'
import type { DashboardContext, DashboardDeps } from '../deps.ts'
import { askStage } from '../stage-unavailable.ts'
import { badParameterAnswer, crashAnswer, crashNotFoundAnswer, errorAnswer } from './api-answer.ts'
import { crashIdParameter } from './crash-id-parameter.ts'
import { answering, type Model } from './model.ts'

/** The main minidump's name in every raw crash. */
const MAIN_DUMP = 'upload_file_minidump'
/** Names under which clients ask for the main minidump (specs/webapp.md 2.2). */
const MAIN_DUMP_NAMES: ReadonlySet<string> = new Set(['', 'dump', MAIN_DUMP])
/** Dump names as the collector keeps them; the name goes into a header and, in the store, into a key. */
const DUMP_NAME = /^[A-Za-z0-9_-]{1,100}$/

/** `GET /api/RawCrash/?crash_id=&format=meta|raw&name=`: annotations as collected, or the bytes of a dump. */
export const rawCrash: Model = {
  name: 'RawCrash',
  about:
    'The crash annotations as collected, or the bytes of a dump. Protected annotations need view_pii, dumps need view_rawdump.',
  verbs: ['GET'],
  needs: null,
  cacheSeconds: 0,
  results: {
    'application/json': z.looseObject({ uuid: z.string() }),
    'application/octet-stream': z.string().meta({ format: 'binary' }),
  },
  ...answering(
    {
      crash_id: crashIdParameter,
      format: z
        .enum(['meta', 'raw'], { error: "Bad value for parameter(s) 'format': it is meta or raw" })
        .default('meta')
        .meta({ description: '`meta`: the annotations; `raw`: the bytes of a dump.' }),
      name: z.string().default('').meta({
        description: 'The name of the dump, such as `upload_file_minidump_browser`. None: the main minidump.',
      }),
    },
    ({ crash_id, format, name }, context, deps) =>
      format === 'meta' ? annotations(crash_id, context, deps) : dump(crash_id, name, context, deps),
  ),
}

async function annotations(crashId: CrashId, context: DashboardContext, deps: DashboardDeps): Promise<Response> {
  const reading = await askStage('CrashStore', RPC_DEADLINE_MS, deps.crashStore.readRaw(crashId, context.var.viewer))
  if (reading.kind !== 'found') return crashNotFoundAnswer(crashId)
  await recordCrashAccess(crashId, [reading.json], context.var.viewer, deps)
  return crashAnswer(reading.json)
}

async function dump(crashId: CrashId, name: string, context: DashboardContext, deps: DashboardDeps): Promise<Response> {
  const { viewer } = context.var
  // Asked before the name is looked at: whoever may not read dumps learns nothing about which there are.
  if (!may(viewer, 'view_rawdump')) return forbidden()
  if (name !== '' && !DUMP_NAME.test(name)) {
    return badParameterAnswer('name', "Bad value for parameter(s) 'name': it is the name of a dump of this crash")
  }
  const storedName = MAIN_DUMP_NAMES.has(name) ? MAIN_DUMP : name
  const reading = await askStage('CrashStore', RPC_DEADLINE_MS, deps.crashStore.dump(crashId, storedName, viewer))
  switch (reading.kind) {
    case 'forbidden':
      return forbidden()
    case 'unknown':
      return crashNotFoundAnswer(crashId)
    case 'found':
      await recordAccess({ what: 'dump', crashId, detail: storedName, waiting: [reading.body] }, viewer, deps)
      deps.log('dashboard', 'dump_sent', { crash_id: crashId, dump: storedName, bytes: reading.bytes })
      return new Response(reading.body.pipeThrough(new FixedLengthStream(reading.bytes)), {
        headers: {
          'Content-Type': 'application/octet-stream',
          'Content-Disposition': `attachment; filename="${downloadName(crashId, name)}"`,
          'Content-Security-Policy': DOWNLOAD_CSP,
          'Cache-Control': 'private, no-store',
        },
      })
  }
}

function forbidden(): Response {
  return errorAnswer(403, 'Binary response requires permissions: View Raw Dumps')
}

function downloadName(crashId: CrashId, name: string): string {
  if (name === 'memory_report') return 'memory_report.json.gz'
  return name === '' ? `${crashId}.dmp` : `${crashId}-${name}.dmp`
}
