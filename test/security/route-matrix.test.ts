/**
 * Who gets what from the Workers beside the dashboard, through the gateway: every route × seven principals × CRASH_ACCESS and SYMBOL_ACCESS public and private, by
 * real requests to a fleet. A route that is not declared here fails, and so does a declared one that there is not. The dashboard's own matrix is
 * workers/dashboard/route-matrix.test.ts; a few of its routes are here too, to show that the gateway changes nothing.
 *
 * Principals are tokens with exactly the named permission (`plain`: none). Cells are statuses; `a/b` is `a` where both are public and `b` where both are private,
 * and one cell stands for all seven. 404 is the answer to who may ask (nothing is stored in this fleet), 400 to who may send (nothing is sent).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ROUTED_PREFIXES, stageOf } from '../../workers/gateway/routes.ts'
import { createToken, type Fleet, startFleet } from '../support/fleet.ts'

const MATRIX = `
route | request | anonymous | plain | view_pii | view_rawdump | uploader | download | admin
gateway GET /__heartbeat__ | GET /__heartbeat__ | 200
gateway GET /__lbheartbeat__ | GET /__lbheartbeat__ | 200
gateway GET /__version__ | GET /__version__ | 200
gateway GET /__heartbeat__/:stage | GET /__heartbeat__/dashboard | 200
gateway GET /__heartbeat__/:stage | GET /__heartbeat__/processor | 200
gateway GET /__heartbeat__/:stage | GET /__heartbeat__/nothing | 404

collector POST /submit | POST /submit {report} | 200
collector OPTIONS /submit | OPTIONS /submit | 200
collector ALL /submit | GET /submit | 405
collector GET /__lbheartbeat__ | GET /api/collector/__lbheartbeat__ | 404
collector GET /__version__ | GET /api/collector/__version__ | 404
collector GET /__heartbeat__ | GET /__heartbeat__/collector | 200

symbols GET /__heartbeat__ | GET /__heartbeat__/symbols | 200
symbols GET /__lbheartbeat__ | GET /symbols/partial/__lbheartbeat__ | 404/403 | 404/403 | 404/403 | 404/403 | 404/403 | 404 | 404
symbols ALL /upload | GET /upload/ | 405
symbols ALL /upload | POST /upload/ | 403 | 403 | 403 | 403 | 400 | 403 | 400
symbols ALL /upload/auth_info | POST /upload/auth_info/ | 403 | 403 | 403 | 403 | 200 | 403 | 200
symbols ALL /upload/v2 | POST /upload/v2/ {} | 403 | 403 | 403 | 403 | 400 | 403 | 400
symbols ALL /upload/v2/files/:session | GET /upload/v2/files/none | 403 | 403 | 403 | 403 | 404 | 403 | 404
symbols ALL /upload/v2/files/:session | PUT /upload/v2/files/none?part=1 x | 403 | 403 | 403 | 403 | 404 | 403 | 404
symbols ALL /upload/v2/files/:session/complete | POST /upload/v2/files/none/complete | 403 | 403 | 403 | 403 | 404 | 403 | 404
symbols ALL /upload/v2/:id{[1-9][0-9]{0,14}}/complete | POST /upload/v2/1/complete | 403 | 403 | 403 | 403 | 404 | 403 | 404
symbols ALL /upload/* | GET /upload/nothing | 404
symbols ALL /api/uploads | GET /api/uploads/ | 403 | 403 | 403 | 403 | 200 | 403 | 200
symbols ALL /api/uploads/upload/:id{[0-9]{1,15}} | GET /api/uploads/upload/1 | 403 | 404 | 404 | 404 | 404 | 404 | 404
symbols ALL /api/uploads/files | GET /api/uploads/files/ | 403 | 403 | 403 | 403 | 403 | 403 | 200
symbols ALL /api/uploads/files/file/:id{[0-9]{1,15}} | GET /api/uploads/files/file/1 | 403 | 404 | 404 | 404 | 404 | 404 | 404
symbols ALL /api/uploads/missing-symbols | GET /api/uploads/missing-symbols/ | 200/403 | 200/403 | 200/403 | 200/403 | 200/403 | 200 | 200
symbols ALL /api/uploads/missing-symbols.csv | GET /api/uploads/missing-symbols.csv | 200/403 | 200/403 | 200/403 | 200/403 | 200/403 | 200 | 200
symbols ALL /api/stats | GET /api/stats/ | 403 | 200 | 200 | 200 | 200 | 200 | 200
symbols ALL /api/syminfo/:file/:id | GET /api/syminfo/a.dll/AB12CD34E000 | 404/403 | 404/403 | 404/403 | 404/403 | 404/403 | 404 | 404
symbols ALL /api/* | GET /api/uploads/nothing/ | 404
symbols ALL /* | GET /a.pdb/44E4EC8C2F41492B9369D6B9A059577C2/a.pdb | 404/403 | 404/403 | 404/403 | 404/403 | 404/403 | 404 | 404
symbols ALL /* | PUT /a.pdb/44E4EC8C2F41492B9369D6B9A059577C2/a.pdb x | 405/403 | 405/403 | 405/403 | 405/403 | 405/403 | 405 | 405
symbols ALL /* | GET /try/a.pdb/44E4EC8C2F41492B9369D6B9A059577C2/a.sym | 404/403 | 404/403 | 404/403 | 404/403 | 404/403 | 404 | 404
symbols ALL /* | GET /buildid/dfb85de4/debuginfo | 404/403 | 404/403 | 404/403 | 404/403 | 404/403 | 404 | 404
symbols ALL /* | GET /index2.txt | 404/403 | 404/403 | 404/403 | 404/403 | 404/403 | 404 | 404
symbols ALL /* | GET /pingme.txt | 200/403 | 200/403 | 200/403 | 200/403 | 200/403 | 200 | 200
symbols ALL /* | GET /symbols/partial/a.pdb/44E4EC8C2F41492B9369D6B9A059577C2?address=1000 | 404/403 | 404/403 | 404/403 | 404/403 | 404/403 | 404 | 404
symbols ALL /* | POST /symbols/partial {} | 400/403 | 400/403 | 400/403 | 400/403 | 400/403 | 400 | 400
symbols ALL /* | OPTIONS /symbols/partial | 204
symbols ALL /* | GET /k/{download}/a.pdb/44E4EC8C2F41492B9369D6B9A059577C2/a.pdb | 404
symbols ALL /* | GET /k/{admin}/a.pdb/44E4EC8C2F41492B9369D6B9A059577C2/a.pdb | 403
symbols ALL /* | GET /k/{plain}/a.pdb/44E4EC8C2F41492B9369D6B9A059577C2/a.pdb | 403

symbolication POST /symbolicate/v5 | POST /symbolicate/v5 {} | 400/403 | 400/403 | 400/403 | 400/403 | 400/403 | 400 | 400
symbolication OPTIONS /symbolicate/v5 | OPTIONS /symbolicate/v5 | 200
symbolication ALL /symbolicate/v5 | GET /symbolicate/v5 | 405
symbolication POST /symbolicate/v4 | POST /symbolicate/v4 {} | 400/403 | 400/403 | 400/403 | 400/403 | 400/403 | 400 | 400
symbolication OPTIONS /symbolicate/v4 | OPTIONS /symbolicate/v4 | 200
symbolication ALL /symbolicate/v4 | GET /symbolicate/v4 | 405
symbolication POST /crash-ping | POST /crash-ping {} | 400/403 | 400/403 | 400/403 | 400/403 | 400/403 | 400 | 400
symbolication OPTIONS /crash-ping | OPTIONS /crash-ping | 200
symbolication ALL /crash-ping | GET /crash-ping | 405
symbolication GET /__heartbeat__ | GET /__heartbeat__/symbolication | 200
symbolication GET /__lbheartbeat__ | GET /symbolicate/__lbheartbeat__ | 404

dashboard | GET / | 200/sign-in
dashboard | GET /report/index/0bba929f-8721-460c-8e70-a43c95261123 | 404/sign-in
dashboard | GET /access-log | 403/sign-in
dashboard | GET /signin | 200
dashboard | GET /robots.txt | 200
dashboard | GET /crash/0bba929f-8721-460c-8e70-a43c95261123?k=0 | 404
dashboard | GET /api/SuperSearch/ | 200/401 | 200 | 200 | 200 | 200 | 200 | 200
dashboard | GET /api/SuperSearchUnredacted/ | 403/401 | 403 | 200 | 403 | 403 | 403 | 200
dashboard | GET /api/RawCrash/?crash_id=0bba929f-8721-460c-8e70-a43c95261123&format=raw | 403/401 | 403 | 403 | 404 | 403 | 403 | 404
dashboard | GET /api/Nothing/ | 404/401 | 404 | 404 | 404 | 404 | 404 | 404
`

const PRINCIPALS = ['anonymous', 'plain', 'view_pii', 'view_rawdump', 'uploader', 'download', 'admin'] as const
const PERMISSIONS = {
  plain: [],
  view_pii: ['view_pii'],
  view_rawdump: ['view_rawdump'],
  uploader: ['upload_symbols'],
  download: ['download_symbols'],
  admin: ['admin'],
} as const

const ROWS = MATRIX.trim()
  .split('\n')
  .slice(1)
  .filter((line) => line !== '')
  .map((line) => {
    const [route = '', request = '', ...cells] = line.split(' | ').map((cell) => cell.trim())
    return { route, request, cells: cells.length === 1 ? PRINCIPALS.map(() => cells[0] ?? '') : cells }
  })

const appSchema = z.object({ routes: z.array(z.object({ method: z.string(), path: z.string() })) })

/**
 * The routes that a Worker's `app.ts` makes. Nobody asks the app anything, so what it stands on is never touched. The path is put together, so that the types of
 * Workers stay out of Node's.
 */
async function routesOf(stage: string, makerName: string): Promise<string[]> {
  const module: Record<string, (deps: object) => unknown> = await import(`../../workers/${stage}/app.ts`)
  const { routes } = appSchema.parse(module[makerName]?.({ upload: {}, reads: {}, books: {} }))
  return routes.map(({ method, path }) => `${stage} ${method} ${path === '/*' ? path : path.replace(/\/$/, '')}`)
}

describe('the matrix', () => {
  it('declares every route of the Workers behind the gateway, and no other', async () => {
    const routes = [
      ...(await routesOf('collector', 'createApp')),
      ...(await routesOf('symbols', 'symbolsApp')),
      ...(await routesOf('symbolication', 'symbolicationApp')),
    ]
    const declared = ROWS.map(({ route }) => route).filter((route) => !/^(?:gateway|dashboard)/.test(route))
    expect([...new Set(declared)].sort()).toEqual([...new Set(routes)].sort())
  })

  it('asks at least once for each prefix that the gateway routes, and each row reaches the stage it names', () => {
    const paths = ROWS.map(({ request }) => request.split(' ')[1]?.replace(/\?.*/, '') ?? '')
    for (const [prefix] of ROUTED_PREFIXES) {
      const reached = paths.some((path) => path === prefix || path.startsWith(`${prefix}/`))
      expect([prefix, reached]).toEqual([prefix, true])
    }
    for (const { route, request } of ROWS) {
      const [stage = ''] = route.split(' ')
      const path = request.split(' ')[1]?.replace(/\?.*/, '') ?? ''
      if (stage === 'gateway' || path.startsWith('/__heartbeat__/')) continue
      expect([request, stageOf(path)]).toEqual([request, stage])
    }
  })

  it('has a cell for each principal', () => {
    for (const { request, cells } of ROWS) expect([request, cells.length]).toEqual([request, PRINCIPALS.length])
  })
})

describe.each(['public', 'private'] as const)('CRASH_ACCESS and SYMBOL_ACCESS %s', (mode) => {
  let fleet: Fleet
  const tokens: Record<string, string> = {}
  beforeAll(async () => {
    fleet = await startFleet({ empty: true, vars: { CRASH_ACCESS: mode, SYMBOL_ACCESS: mode } })
    for (const [name, permissions] of Object.entries(PERMISSIONS)) tokens[name] = await createToken(fleet, permissions)
  })
  afterAll(() => fleet?.stop())

  async function ask(request: string, principal: string): Promise<string> {
    const filled = request.replace(/\/k\/\{(\w+)\}/, (_, name: string) => `/k/${tokens[name]}`)
    const [method = '', path = '', body] = filled.split(' ')
    const token = tokens[principal]
    const response = await fetch(`${fleet.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(token === undefined ? {} : { 'Auth-Token': token }),
        ...(body === '{}' ? { 'Content-Type': 'application/json' } : {}),
      },
      ...(body === undefined ? {} : { body: body === '{report}' ? report() : body }),
    })
    await response.arrayBuffer()
    return response.headers.get('Location')?.startsWith('/signin?') === true ? 'sign-in' : String(response.status)
  }

  it.each(ROWS.map(({ request, cells }) => [request, cells] as const))('%s', async (request, cells) => {
    const found: Record<string, string> = {}
    const declared: Record<string, string> = {}
    for (const [index, principal] of PRINCIPALS.entries()) {
      const [inPublic = '', inPrivate = inPublic] = (cells[index] ?? '').split('/')
      declared[principal] = mode === 'public' ? inPublic : inPrivate
      found[principal] = await ask(request, principal)
    }
    expect(found).toEqual(declared)
  })
})

function report(): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries({ ProductName: 'WaterWolf', Version: '1.0' })) form.set(name, value)
  return form
}
