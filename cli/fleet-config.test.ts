import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { fleetConfigs, writeFleetConfigs } from './fleet-config.ts'
import { ROOT, STAGES } from './repository.ts'

describe('the configurations of a fleet', () => {
  const configs = fleetConfigs(ROOT, { MAYDAY_ENV: 'development', STACKWALKER_URL: 'http://127.0.0.1:1' })

  it('are one a Worker, the gateway first', () => {
    expect(configs.map((config) => config.name)).toEqual(['mayday', ...STAGES.map((stage) => `mayday-${stage}`)])
  })

  it('cover every Worker folder of the repository', () => {
    const folders = readdirSync(path.join(ROOT, 'workers')).filter((name) => name !== 'gateway')
    expect([...STAGES].sort()).toEqual(folders.sort())
  })

  it('hold the variables in every Worker', () => {
    for (const { vars } of configs)
      expect(vars).toMatchObject({ MAYDAY_ENV: 'development', STACKWALKER_URL: 'http://127.0.0.1:1' })
  })

  it('name files by absolute paths, so that they work from the state folder', () => {
    const symbols = configs.find((config) => config.name === 'mayday-symbols')
    const stackwalker = configs.find((config) => config.name === 'mayday-stackwalker')
    expect(symbols?.main).toBe(path.join(ROOT, 'workers/symbols/index.ts'))
    expect(symbols?.d1_databases?.map((database) => database.migrations_dir)).toEqual([path.join(ROOT, 'migrations')])
    expect(stackwalker?.containers?.map((container) => container.image)).toEqual([
      path.join(ROOT, 'container/Dockerfile'),
    ])
    for (const { main } of configs) expect(path.isAbsolute(main)).toBe(true)
  })

  it('keep what they do not know, such as queues, rules and Durable Object migrations', () => {
    const dashboard = configs.find((config) => config.name === 'mayday-dashboard')
    expect(dashboard?.rules).toEqual([{ type: 'Text', globs: ['**/*.css', '**/*.client.js'], fallthrough: true }])
    const search = configs.find((config) => config.name === 'mayday-search')
    expect(search?.migrations).toEqual([{ tag: 'v1', new_sqlite_classes: ['SearchShard'] }])
  })

  it('are written as JSON, in the same order, for the eyes of their owner', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'mayday-config-'))
    const files = writeFleetConfigs(configs, path.join(folder, 'config'))
    expect(files.map((file) => path.basename(file, '.json'))).toEqual(configs.map((config) => config.name))
    for (const file of files) expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(files[0] ?? '', 'utf8'))).toEqual(JSON.parse(JSON.stringify(configs[0])))
    rmSync(folder, { recursive: true })
  })
})
