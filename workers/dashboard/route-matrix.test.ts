import { beforeAll, describe, expect, it } from 'vitest'
import type { Permission } from '#shared/auth/permissions.ts'
import type { CrashId } from '#shared/crash-id.ts'
import type { SearchAnswer } from '#shared/search/search-rpc.ts'
import { MODELS } from './api/models.ts'
import { CLIENT_SCRIPT, FAVICON, STYLE_SHEET } from './asset-files.ts'
import { dashboardRig, ORIGIN } from './dashboard-rig.ts'

/**
 * Who gets what: every route of the dashboard × six principals × CRASH_ACCESS public and private, by real requests. A route that is not declared here fails, and
 * so does a declared one that there is not. The routes of the other Workers are in test/security/route-matrix.test.ts.
 *
 * The API takes tokens with exactly the named permission. Pages take sessions: `view_pii` and `view_rawdump` are then an investigator, who has
 * both, `uploader` and `admin` people of those groups, and `plain` a token, which pages do not look at.
 *
 * A cell `a/b` is `a` where crashes are public and `b` where they are private; one cell for all six where all are the same. The words are explained in ANSWERS.
 */
const MATRIX = `
route                                                          | request                                                              | anonymous      | plain          | view_pii  | view_rawdump | uploader | admin
GET /__heartbeat__                                             | GET /__heartbeat__                                                   | public
GET /__lbheartbeat__                                           | GET /__lbheartbeat__                                                 | public
GET /__version__                                               | GET /__version__                                                     | public
GET /robots.txt                                                | GET /robots.txt                                                      | public
GET /favicon.ico                                               | GET /favicon.ico                                                     | public
GET {icon}                                                     | GET {icon}                                                           | public
GET {style}                                                    | GET {style}                                                          | public
GET {script}                                                   | GET {script}                                                         | public

ALL /*                                                         | GET /not-there                                                       | 404/sign-in    | 404/sign-in    | 404       | 404          | 404      | 404
ALL /*                                                         | POST /not-there                                                      | 404/403        | 404/403        | 404       | 404          | 404      | 404
GET /                                                          | GET /                                                                | public/sign-in | public/sign-in | public    | public       | public   | public
GET /search                                                    | GET /search/                                                         | public/sign-in | public/sign-in | public    | public       | public   | public
GET /search                                                    | GET /search/?_columns=user_comments                                  | public/sign-in | public/sign-in | protected | protected    | public   | protected
GET /search                                                    | GET /search/?_columns=user_comments&_format=json                     | public/sign-in | public/sign-in | protected | protected    | public   | protected
GET /search/quick                                              | GET /search/quick/?query=x                                           | away/sign-in   | away/sign-in   | away      | away         | away     | away
GET /signature                                                 | GET /signature/?signature=foo                                        | public/sign-in | public/sign-in | public    | public       | public   | public
GET /signature                                                 | GET /signature/?signature=foo&_tab=comments                          | 403/sign-in    | 403/sign-in    | protected | protected    | 403      | protected
GET /topcrashers                                               | GET /topcrashers/                                                    | public/sign-in | public/sign-in | public    | public       | public   | public
GET /report/index/:crash_id                                    | GET /report/index/{crash}                                            | public/sign-in | public/sign-in | public    | public       | public   | public
GET /report/index/:crash_id                                    | GET /report/index/{crash}?tab=annotations                            | public/sign-in | public/sign-in | protected | protected    | public   | protected
GET /report/index/:crash_id/markdown                           | GET /report/index/{crash}/markdown                                   | public/sign-in | public/sign-in | public    | public       | public   | public
POST /report/index/:crash_id/reprocess                         | POST /report/index/{crash}/reprocess ruleset=default                 | 403            | 403            | away      | away         | 403      | away
GET /symbols                                                   | GET /symbols/                                                        | public/sign-in | public/sign-in | public    | public       | public   | public
GET /access-log                                                | GET /access-log                                                      | 403/sign-in    | 403/sign-in    | 403       | 403          | 403      | public
GET /crash/:crash_id                                           | GET /crash/{crash}                                                   | 404
GET /crash/:crash_id                                           | GET {person}                                                         | public
POST /crash/:crash_id                                          | POST /crash/{crash} comments=x                                       | 404
POST /crash/:crash_id                                          | POST {person} comments=x                                             | away
GET /documentation/datadictionary                              | GET /documentation/datadictionary/                                   | public/sign-in | public/sign-in | public    | public       | public   | public
GET /documentation/datadictionary.csv                          | GET /documentation/datadictionary.csv                                | public/sign-in | public/sign-in | public    | public       | public   | public
GET /documentation/datadictionary/dataset/:dataset/field/:name | GET /documentation/datadictionary/dataset/annotation/field/Comments  | public/sign-in | public/sign-in | public    | public       | public   | public
GET /signin                                                    | GET /signin                                                          | public
POST /signin                                                   | POST /signin account=viewer@example.com                              | away
POST /signout                                                  | POST /signout                                                        | away

OPTIONS /api/*                                                 | OPTIONS /api/RawCrash/                                               | public
ALL /api/*                                                     | GET /api/a/b                                                         | 404/401        | 404            | 404       | 404          | 404      | 404
GET /api                                                       | GET /api/                                                            | public/401     | public         | public    | public       | public   | public
GET /api/openapi.json                                          | GET /api/openapi.json                                                | public/401     | public         | public    | public       | public   | public
ALL /api/tokens                                                | GET /api/tokens/                                                     | 403/401        | 403            | 403       | 403          | 403      | public
ALL /api/tokens                                                | POST /api/tokens/ notes=x                                            | 403/401        | 403            | 403       | 403          | 403      | made
ALL /api/tokens/token/:id                                      | DELETE /api/tokens/token/ffffffff                                    | 403/401        | 403            | 403       | 403          | 403      | 404
ALL /api/tokens/token/:id/:change                              | POST /api/tokens/token/ffffffff/extend                               | 403/401        | 403            | 403       | 403          | 403      | 404
ALL /api/tokens/token/:id/:change                              | POST /api/tokens/token/ffffffff/delete                               | 403/401        | 403            | 403       | 403          | 403      | 404
ALL /api/:model                                                | GET /api/NotThere/                                                   | 404/401        | 404            | 404       | 404          | 404      | 404
ALL /api/:model                                                | GET /api/SuperSearch/                                                | public/401     | public         | public    | public       | public   | public
ALL /api/:model                                                | GET /api/SuperSearch/?_columns=user_comments                         | public/401     | public         | protected | public       | public   | protected
ALL /api/:model                                                | POST /api/SuperSearch/ _columns=user_comments                        | public/401     | public         | protected | public       | public   | protected
ALL /api/:model                                                | GET /api/SuperSearchUnredacted/?_columns=user_comments               | 403/401        | 403            | protected | 403          | 403      | protected
ALL /api/:model                                                | POST /api/SuperSearchUnredacted/ _columns=user_comments              | 403/401        | 403            | protected | 403          | 403      | protected
ALL /api/:model                                                | GET /api/SuperSearchFields/                                          | public/401     | public         | public    | public       | public   | public
ALL /api/:model                                                | GET /api/RawCrash/?crash_id={crash}                                  | public/401     | public         | protected | public       | public   | protected
ALL /api/:model                                                | GET /api/RawCrash/?crash_id={crash}&format=raw                       | 403/401        | 403            | 403       | protected    | 403      | protected
ALL /api/:model                                                | GET /api/RawCrash/?crash_id={crash}&format=raw&name=gamelog          | 403/401        | 403            | 403       | protected    | 403      | protected
ALL /api/:model                                                | GET /api/ProcessedCrash/?crash_id={crash}                            | public/401     | public         | protected | public       | public   | protected
ALL /api/:model                                                | GET /api/CrashVerify/?crash_id={crash}                               | public/401     | public         | public    | public       | public   | public
ALL /api/:model                                                | GET /api/MissingProcessedCrash/                                      | public/401     | public         | public    | public       | public   | public
ALL /api/:model                                                | POST /api/Reprocessing/ crash_ids={crash}                            | 403/401        | 403            | 403       | 403          | 403      | public
ALL /api/:model                                                | POST /api/CrashSignature/ {jobs}                                     | public/401     | public         | public    | public       | public   | public
ALL /api/:model                                                | GET /api/SignatureFirstDate/?signatures=foo                          | public/401     | public         | public    | public       | public   | public
ALL /api/:model                                                | GET /api/Bugs/?signatures=foo                                        | public/401     | public         | public    | public       | public   | public
ALL /api/:model                                                | POST /api/Bugs/ signatures=foo                                       | public/401     | public         | public    | public       | public   | public
ALL /api/:model                                                | GET /api/SignaturesByBugs/?bug_ids=1                                 | public/401     | public         | public    | public       | public   | public
ALL /api/:model                                                | POST /api/BugLinks/ bug_id=1&signatures=foo                          | 403/401        | 403            | 403       | 403          | 403      | public
ALL /api/:model                                                | PUT /api/BugLinks/ bug_id=1&signatures=foo                           | 403/401        | 403            | 403       | 403          | 403      | public
ALL /api/:model                                                | DELETE /api/BugLinks/?bug_id=1&signatures=foo                        | 403/401        | 403            | 403       | 403          | 403      | public
ALL /api/:model                                                | GET /api/VersionString/?product=WaterWolf&channel=release&build_id=1 | public/401     | public         | public    | public       | public   | public
ALL /api/:model                                                | GET /api/FingerprintCounts/?fingerprint={fingerprint}                | public/401     | public         | public    | public       | public   | public
ALL /api/:model                                                | GET /api/NoOp/?product=good                                          | public/401     | public         | public    | public       | public   | public
`

/** A value that only whoever may see protected data may see: in comments, in the dump, in the attachment. */
const CANARY = 'c4n4ry'

interface Answered {
  readonly status: number
  readonly location: string | null
  readonly text: string
}

const status =
  (wanted: number) =>
  ({ status: found, text }: Answered) =>
    found === wanted && !text.includes(CANARY)

/** What the words of the matrix mean. */
const ANSWERS: Readonly<Record<string, (answered: Answered) => boolean>> = {
  /** What everybody may see. */
  public: status(200),
  /** Protected values, too. */
  protected: ({ status: found, text }) => found === 200 && text.includes(CANARY),
  made: status(201),
  'sign-in': ({ status: found, location, text }) =>
    found === 303 && text === '' && location?.startsWith('/signin?next=') === true,
  /** On to another page of ours: what was asked is done. */
  away: ({ status: found, location }) => (found === 303 || found === 302) && location?.startsWith('/signin') === false,
  '401': status(401),
  '403': status(403),
  '404': status(404),
}

const PRINCIPALS = ['anonymous', 'plain', 'view_pii', 'view_rawdump', 'uploader', 'admin'] as const
type Principal = (typeof PRINCIPALS)[number]

const PERMISSIONS: Readonly<Record<Exclude<Principal, 'anonymous'>, readonly Permission[]>> = {
  plain: [],
  view_pii: ['view_pii'],
  view_rawdump: ['view_rawdump'],
  uploader: ['upload_symbols'],
  admin: ['admin'],
}
const ACCOUNTS: Readonly<Record<Exclude<Principal, 'anonymous' | 'plain'>, string>> = {
  view_pii: 'investigator@example.com',
  view_rawdump: 'investigator@example.com',
  uploader: 'uploader@example.com',
  admin: 'admin@example.com',
}

type Mode = 'public' | 'private'
interface Row {
  readonly route: string
  readonly request: string
  readonly cells: readonly string[]
}

const ASSETS: Readonly<Record<string, string>> = {
  icon: FAVICON.path,
  style: STYLE_SHEET.path,
  script: CLIENT_SCRIPT.path,
}
const withAssets = (text: string) => text.replace(/\{(icon|style|script)\}/g, (_, name: string) => ASSETS[name] ?? name)

const ROWS: readonly Row[] = MATRIX.trim()
  .split('\n')
  .slice(1)
  .filter((line) => line !== '')
  .map((line) => {
    const [route = '', request = '', ...cells] = withAssets(line)
      .split('|')
      .map((cell) => cell.trim())
    return { route, request, cells: cells.length === 1 ? PRINCIPALS.map(() => cells[0] ?? '') : cells }
  })

interface Scene {
  readonly rig: Awaited<ReturnType<typeof dashboardRig>>
  readonly crashId: CrashId
  /** The address of the crash's page for whoever sent it. */
  readonly person: string
}
const scenes = new Map<Mode, Scene>()

async function scene(mode: Mode): Promise<Scene> {
  const none: SearchAnswer = { hits: [], total: 0, facets: {}, errors: [] }
  const rig = await dashboardRig({
    crashAccess: mode,
    search: {
      async query(query) {
        if (!query.columns.some(({ name }) => name === 'user_comments')) return none
        return { ...none, total: 1, hits: [{ uuid: rig.unknownId(), user_comments: CANARY }] }
      },
    },
  })
  const crashId = rig.keep({
    state: 'processed',
    annotations: { ProductName: 'WaterWolf', Comments: CANARY },
    processed: { signature: 'foo', product: 'WaterWolf', user_comments: CANARY },
    dumps: { upload_file_minidump: CANARY, gamelog: CANARY },
  })
  return { rig, crashId, person: await rig.personPath(crashId) }
}

beforeAll(async () => {
  for (const mode of ['public', 'private'] as const) scenes.set(mode, await scene(mode))
})

const isApi = (path: string) => path.startsWith('/api/')

/** Tokens for the API, sessions for pages. */
async function headersOf(principal: Principal, path: string, { rig }: Scene): Promise<Record<string, string>> {
  if (principal === 'anonymous') return {}
  if (principal === 'plain' || isApi(path)) return rig.token(...PERMISSIONS[principal])
  return rig.signIn(ACCOUNTS[principal])
}

async function ask(request: string, principal: Principal, at: Scene): Promise<Answered> {
  const filled = request
    .replace('{crash}', at.crashId)
    .replace('{person}', at.person)
    .replace('{fingerprint}', '0'.repeat(32))
  const [method = '', path = '', body = ''] = filled.split(' ')
  const isForm = body !== '{jobs}'
  const headers = {
    ...(await headersOf(principal, path, at)),
    // From our own page, so that nothing but who asks decides.
    Origin: ORIGIN,
    ...(method === 'POST' || method === 'PUT'
      ? { 'Content-Type': isForm ? 'application/x-www-form-urlencoded' : 'application/json' }
      : {}),
  }
  const sent = method === 'POST' || method === 'PUT' ? { body: isForm ? body : '{"jobs":[{}]}' } : {}
  const response = await at.rig.fetch(path, { method, headers, ...sent })
  return { status: response.status, location: response.headers.get('Location'), text: await response.text() }
}

describe('the matrix', () => {
  it('declares every route that the app has, and no other', async () => {
    const routes = scenes.get('public')?.rig.app.routes.map(({ method, path }) => `${method} ${path}`) ?? []
    expect([...new Set(ROWS.map(({ route }) => route))].sort()).toEqual([...new Set(routes)].sort())
  })

  it('declares every verb of every service of the API, and no other', () => {
    const declared = ROWS.filter(({ route }) => route === 'ALL /api/:model')
      .map(({ request }) => /^(\w+) \/api\/(\w+)\//.exec(request))
      .map((match) => `${match?.[1]} ${match?.[2]}`)
      .filter((service) => service !== 'GET NotThere')
    const served = MODELS.flatMap(({ name, verbs }) => verbs.map((verb) => `${verb} ${name}`))
    expect([...new Set(declared)].sort()).toEqual(served.sort())
  })

  it('has one known word for each principal and mode', () => {
    for (const { request, cells } of ROWS) {
      expect([request, cells.length]).toEqual([request, PRINCIPALS.length])
      for (const word of cells.flatMap((cell) => cell.split('/'))) expect(Object.keys(ANSWERS)).toContain(word)
    }
  })
})

describe.each(['public', 'private'] as const)('CRASH_ACCESS=%s', (mode) => {
  it.each(ROWS.map(({ request, cells }) => [request, cells] as const))('%s', async (request, cells) => {
    const at = scenes.get(mode)
    if (at === undefined) throw new Error('no scene')
    const found: Record<string, string> = {}
    const declared: Record<string, string> = {}
    for (const [index, principal] of PRINCIPALS.entries()) {
      const [inPublic = '', inPrivate = inPublic] = (cells[index] ?? '').split('/')
      const word = mode === 'public' ? inPublic : inPrivate
      const answered = await ask(request, principal, at)
      declared[principal] = word
      found[principal] =
        ANSWERS[word]?.(answered) === true
          ? word
          : `${answered.status} ${answered.location ?? ''}${answered.text.includes(CANARY) ? ' with protected values' : ''}`
    }
    expect(found).toEqual(declared)
  })
})
