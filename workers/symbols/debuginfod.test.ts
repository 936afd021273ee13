import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { debugIdOf, parseBuildId } from '#shared/symbols/build-id.ts'
import { elfBytes } from '#shared/symbols/testing/elf-bytes.ts'
import { parseDebuginfodPath } from './debuginfod.ts'
import { gzip, readsRig, storeFile } from './testing/stored-files.ts'

const { get } = readsRig()

function newBuildId(): { readonly buildId: string; readonly debugId: string } {
  const buildId = parseBuildId(`${crypto.randomUUID().replaceAll('-', '')}deadbeef`)
  if (buildId === null) throw new Error('no build id')
  return { buildId: buildId.toLowerCase(), debugId: debugIdOf(buildId) }
}

async function bytesOf(response: Response): Promise<[number, Uint8Array]> {
  return [response.status, new Uint8Array(await response.arrayBuffer())]
}

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
})

describe('parseDebuginfodPath', () => {
  it.each([
    ['/buildid/ab12/debuginfo', { buildId: 'ab12', asked: 'debuginfo', alsoTry: false }],
    ['/try/buildid/AB12/executable', { buildId: 'AB12', asked: 'executable', alsoTry: true }],
    ['/buildid/ab12/source/usr/src/a b.c', { buildId: 'ab12', asked: 'source', alsoTry: false }],
    ['/buildid/ab12/section/.text', { buildId: 'ab12', asked: 'section', alsoTry: false }],
    ['/buildid/xyz/debuginfo', null],
    ['/buildid/ab12/other', null],
    ['/buildid/ab12/debuginfo/x', null],
    ['/x/buildid/ab12/debuginfo', null],
  ])('%s', (pathname, path) => {
    expect(parseDebuginfodPath(pathname)).toEqual(path)
  })
})

describe('debuginfod', () => {
  it('serves each kind from the file that has it, whether its key has the debug id or the build id', async () => {
    for (const keyId of ['debugId', 'buildId'] as const) {
      const ids = newBuildId()
      const { buildId } = ids
      const program = elfBytes({ buildId, code: 'progbits' })
      const split = elfBytes({ buildId, code: 'nobits', debugInfo: true })
      await storeFile(`libx.so/${ids[keyId]}/libx.so`, program)
      await storeFile(`libx.so/${ids[keyId]}/libx.so.debug`, split)
      await storeFile(`libx.so/${ids[keyId]}/libx.so.sym`, 'MODULE')
      for (const asked of [buildId, buildId.toUpperCase()]) {
        expect(await bytesOf(await get(`/buildid/${asked}/executable`))).toEqual([200, program])
        expect(await bytesOf(await get(`/buildid/${asked}/debuginfo`))).toEqual([200, split])
      }
    }
  })

  it('serves both kinds from an unstripped program, and no debuginfo from a stripped one', async () => {
    const whole = newBuildId()
    const unstripped = elfBytes({ buildId: whole.buildId, code: 'progbits', debugInfo: true })
    await storeFile(`app/${whole.debugId}/app`, unstripped)
    for (const kind of ['executable', 'debuginfo']) {
      expect(await bytesOf(await get(`/buildid/${whole.buildId}/${kind}`))).toEqual([200, unstripped])
    }
    const bare = newBuildId()
    await storeFile(`app/${bare.debugId}/app`, elfBytes({ buildId: bare.buildId, code: 'progbits' }))
    const missing = await get(`/buildid/${bare.buildId}/debuginfo`)
    expect([missing.status, await missing.text()]).toEqual([404, 'Not Found: no debuginfo of this build id is stored'])
  })

  it('serves a gzipped debug file inflated, or as gzip to a client that takes it', async () => {
    const { buildId, debugId } = newBuildId()
    const split = elfBytes({ buildId, debugInfo: true })
    const zipped = await gzip(split)
    await storeFile(`libz.so/${debugId}/libz.so.dbg.gz`, zipped)
    const path = `/buildid/${buildId}/debuginfo`
    expect(await bytesOf(await get(path))).toEqual([200, split])
    const encoded = await get(path, { 'Accept-Encoding': 'gzip' })
    expect(encoded.headers.get('Content-Encoding')).toBe('gzip')
    expect(await bytesOf(encoded)).toEqual([200, zipped])
    expect((await get(`/buildid/${buildId}/executable`)).status).toBe(404)
    // By its own path it stays the file that was uploaded.
    const byKey = await get(`/libz.so/${debugId}/libz.so.dbg.gz`, { 'Accept-Encoding': 'gzip' })
    expect(byKey.headers.get('Content-Encoding')).toBeNull()
    expect(await bytesOf(byKey)).toEqual([200, zipped])
  })

  it('says what clients print: size and name; HEAD and ranges as for every file', async () => {
    const { buildId, debugId } = newBuildId()
    const program = elfBytes({ buildId, code: 'progbits' })
    await storeFile(`汉 app/${debugId}/汉 app`, program)
    const path = `/buildid/${buildId}/executable`
    const head = await get(path, {}, 'HEAD')
    expect([head.status, head.body]).toEqual([200, null])
    expect(head.headers.get('X-DEBUGINFOD-SIZE')).toBe(String(program.length))
    expect(head.headers.get('X-DEBUGINFOD-FILE')).toBe('%E6%B1%89%20app')
    expect(head.headers.get('Content-Type')).toBe('application/octet-stream')
    const range = await get(path, { Range: 'bytes=1-3' })
    expect(await bytesOf(range)).toEqual([206, new Uint8Array([0x45, 0x4c, 0x46])])
    expect((await get(path, {}, 'POST')).status).toBe(405)
  })

  it('never serves a file of another build, whatever its key says, nor one that is no ELF file or is gone', async () => {
    const { buildId, debugId } = newBuildId()
    await storeFile(`liar/${debugId}/liar`, elfBytes({ buildId: newBuildId().buildId, code: 'progbits' }))
    await storeFile(`text/${debugId}/text`, 'not an ELF file')
    await storeFile(`gone/${debugId}/gone`, elfBytes({ buildId, code: 'progbits' }), { inBucket: false })
    expect((await get(`/buildid/${buildId}/executable`)).status).toBe(404)
  })

  it('reads try symbols under /try alone', async () => {
    const { buildId, debugId } = newBuildId()
    const program = elfBytes({ buildId, code: 'progbits' })
    await storeFile(`app/${debugId}/app`, program, { trySymbols: true })
    expect((await get(`/buildid/${buildId}/executable`)).status).toBe(404)
    expect(await bytesOf(await get(`/try/buildid/${buildId}/executable`))).toEqual([200, program])
  })

  it.each([
    ['/buildid/dfb85de4/debuginfo', 'no debuginfo of this build id is stored'],
    ['/buildid/abc/debuginfo', 'no debuginfo of this build id is stored'],
    ['/buildid/dfb85de4/source/usr/src/main.c', 'no source files are stored'],
    ['/buildid/dfb85de4/section/.text', 'sections are not served alone'],
  ])('%s → 404 that says why', async (path, why) => {
    const response = await get(path)
    expect(response.status).toBe(404)
    expect(await response.text()).toContain(why)
  })
})

describe('the unified layout', () => {
  it('finds an ELF file, its debug file and its sym file by build id', async () => {
    const { buildId, debugId } = newBuildId()
    const program = elfBytes({ buildId, code: 'progbits' })
    const split = elfBytes({ buildId, debugInfo: true })
    await storeFile(`libu.so/${debugId}/libu.so`, program)
    await storeFile(`libu.so/${debugId}/libu.so.debug`, split)
    const header = { debugFile: 'libu.so', debugId, codeId: buildId.toUpperCase() }
    await storeFile(`libu.so/${debugId}/libu.so.sym`, 'MODULE Linux', { header })
    const base = `/${buildId.slice(0, 2)}/${buildId.slice(2)}`
    expect(await bytesOf(await get(`${base}/executable`))).toEqual([200, program])
    expect(await bytesOf(await get(`${base}/debuginfo`))).toEqual([200, split])
    expect(await (await get(`${base}/breakpad`)).text()).toBe('MODULE Linux')
    expect((await get(`${base}/sourcebundle`)).status).toBe(404)
    const byDebugId = `/${debugId.slice(0, 2)}/${debugId.slice(2)}`.toLowerCase()
    expect(await (await get(`${byDebugId}/breakpad`)).text()).toBe('MODULE Linux')
    expect(await bytesOf(await get(`${byDebugId}/executable`))).toEqual([200, program])
  })

  it('finds a PDB by its debug id', async () => {
    const id = `${crypto.randomUUID().replaceAll('-', '').toUpperCase()}1`
    await storeFile(`foo.pdb/${id}/foo.pdb`, 'Microsoft C/C++ MSF 7.00')
    const path = `/${id.slice(0, 2)}/${id.slice(2)}`.toLowerCase()
    expect(await (await get(`${path}/debuginfo`)).text()).toBe('Microsoft C/C++ MSF 7.00')
    expect((await get(`${path}/executable`)).status).toBe(404)
  })
})
