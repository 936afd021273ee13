import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const biome = fileURLToPath(new URL('../../node_modules/.bin/biome', import.meta.url))
const rules = fileURLToPath(new URL('.', import.meta.url))

/** The repo's own biome.json and rules in an empty tree: what is planted there never stands in the repo. */
const tree = mkdtempSync(join(tmpdir(), 'mayday-rules-'))
afterAll(() => rmSync(tree, { recursive: true }))
const config = JSON.parse(readFileSync(join(rules, '../../biome.json'), 'utf8'))
writeFileSync(join(tree, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }))
cpSync(rules, join(tree, 'scripts/rules'), { recursive: true, filter: (path) => !path.endsWith('.ts') })

/** What biome says of `source` standing at `path`. */
function lintAs(path: string, source: string): string {
  const file = join(tree, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, source)
  const run = spawnSync(biome, ['lint', path], { cwd: tree, encoding: 'utf8' })
  rmSync(file)
  return `${run.stdout}${run.stderr}`.replaceAll(/\s+/g, ' ')
}

/** A violation planted in each room, with words of the message that must stop it. */
const violations: readonly (readonly [name: string, path: string, source: string, message: string])[] = [
  [
    'a Worker importing another',
    'workers/collector/planted.ts',
    "import '../processor/env.ts'\n",
    'Workers never import workers',
  ],
  [
    'a nested Worker file importing another',
    'workers/dashboard/pages/planted.ts',
    "import '../../search/env.ts'\n",
    'Workers never import workers',
  ],
  [
    'a Worker importing a test',
    'workers/collector/planted.ts',
    "import '../../test/support/fleet.ts'\n",
    'A Worker imports its own folder',
  ],
  ['shared importing a Worker', 'shared/planted.ts', "import '../workers/collector/env.ts'\n", 'shared/ is the domain'],
  ['shared importing hono', 'shared/planted.ts', "import 'hono'\n", 'shared/ is the domain'],
  ['shared importing the platform', 'shared/http/planted.ts', "import 'cloudflare:workers'\n", 'shared/ is the domain'],
  [
    'a conformance test importing the product',
    'test/conformance/planted.test.ts',
    "import '#shared/limits.ts'\n",
    'speak HTTP only',
  ],
  [
    'an e2e test importing a Worker',
    'test/e2e/planted.test.ts',
    "import '../../workers/collector/env.ts'\n",
    'speak HTTP only',
  ],
  [
    'an R2 key in a Worker',
    'workers/processor/planted.ts',
    "export const key = 'v1/raw_crash/20261123/x'\n",
    'R2 key strings',
  ],
  [
    'a templated R2 key in shared',
    'shared/planted.ts',
    'export const key = (id: string) => `v1/dump/${id}`\n',
    'R2 key strings',
  ],
  ['a try symbol key in a Worker', 'workers/symbols/planted.ts', "export const prefix = 'try/v1/'\n", 'R2 key strings'],
  ['SQL in a Worker', 'workers/dashboard/planted.ts', "export const sql = 'SELECT * FROM tokens'\n", 'SQL stands in'],
  [
    'templated SQL in shared',
    'shared/auth/planted.ts',
    'export const sql = (id: string) => `DELETE FROM tokens WHERE id = ${id}`\n',
    'SQL stands in',
  ],
  ['reading the clock in shared', 'shared/planted.ts', 'export const now = Date.now()\n', 'injected'],
  ['drawing in a Worker', 'workers/collector/planted.ts', 'export const draw = Math.random()\n', 'injected'],
]

/** What must stay allowed: the same lines in the rooms that own them. */
const allowed: readonly (readonly [name: string, path: string, source: string])[] = [
  ['a Worker importing its own nested file', 'workers/dashboard/pages/planted.ts', "import '../auth.ts'\n"],
  ['a Worker importing shared', 'workers/collector/planted.ts', "import '#shared/limits.ts'\n"],
  [
    'a Worker test sharing a table of cases',
    'workers/collector/planted.test.ts',
    "import '../../test/conformance/cases.ts'\n",
  ],
  ['an R2 key in shared/store', 'shared/store/planted.ts', "export const key = 'v1/raw_crash/'\n"],
  ['SQL in the search shard', 'workers/search/planted.ts', "export const sql = 'SELECT 1 FROM document'\n"],
  ['the clock in shared/clock.ts', 'shared/clock.ts', 'export const systemClock = () => Date.now()\n'],
]

describe('dependency rules (DESIGN.md section 2)', () => {
  it.each(violations)('stop %s', (_name, path, source, message) => {
    expect(lintAs(path, source)).toContain(message)
  })

  it.each(allowed)('allow %s', (_name, path, source) => {
    const printed = lintAs(path, source)
    for (const [, , , message] of violations) expect(printed).not.toContain(message)
  })
})
