import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { signatureRepository } from '#shared/db/signatures.ts'

const signatures = signatureRepository(drizzle(env.DB))

/** Records that crashes went from the first signature to the second. */
const changed = (...pairs: readonly (readonly [oldSignature: string, newSignature: string])[]) =>
  signatures.recordChanges(
    pairs.map(([oldSignature, newSignature]) => ({ oldSignature, newSignature, crashes: 1 })),
    1,
  )
const first = (signature: string, firstAtMs: number, firstBuild: number | null = null) =>
  signatures.recordFirsts([{ signature, firstAtMs, firstBuild }])

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS))
beforeEach(async () => {
  for (const table of ['signatures', 'signature_changes', 'bug_associations']) {
    await env.DB.prepare(`delete from ${table}`).run()
  }
})

describe('what a signature has from older ones', () => {
  it('is its first date, build, state and bugs, over any number of changes, marked as inherited', async () => {
    await first('a', 100, 7)
    await first('b', 200, 9)
    await first('c', 300)
    await signatures.setState('a', 'fixed')
    await signatures.addBug('a', 11)
    await signatures.addBug('c', 12)
    await changed(['a', 'b'], ['b', 'c'])
    expect(await signatures.find(['c'])).toEqual([
      {
        signature: 'c',
        firstAtMs: { value: 100, inheritedFrom: 'a' },
        firstBuild: { value: 7, inheritedFrom: 'a' },
        state: { value: 'fixed', inheritedFrom: 'a' },
      },
    ])
    expect(await signatures.bugsOf(['c', 'a'])).toEqual([
      { signature: 'a', bugId: 11, inheritedFrom: null },
      { signature: 'c', bugId: 11, inheritedFrom: 'a' },
      { signature: 'c', bugId: 12, inheritedFrom: null },
    ])
  })

  it('never goes from new to old', async () => {
    await first('a', 200)
    await first('b', 100)
    await signatures.addBug('b', 11)
    await changed(['a', 'b'])
    expect(await signatures.find(['a', 'b'])).toMatchObject([
      { firstAtMs: { value: 200, inheritedFrom: null } },
      { firstAtMs: { value: 100, inheritedFrom: null } },
    ])
    expect(await signatures.bugsOf(['a'])).toEqual([])
  })

  it('gives way to its own: an earlier date, a state, a bug that is both', async () => {
    await first('a', 100)
    await first('b', 100)
    await signatures.setState('a', 'fixed')
    await signatures.setState('b', 'ignored')
    await signatures.addBug('a', 11)
    await signatures.addBug('b', 11)
    await changed(['a', 'b'])
    expect(await signatures.find(['b'])).toMatchObject([
      { firstAtMs: { value: 100, inheritedFrom: null }, state: { value: 'ignored', inheritedFrom: null } },
    ])
    expect(await signatures.bugsOf(['b'])).toEqual([{ signature: 'b', bugId: 11, inheritedFrom: null }])
  })

  it('is no state where merged signatures disagree', async () => {
    await signatures.setState('a', 'fixed')
    await signatures.setState('b', 'open')
    await changed(['a', 'c'], ['b', 'c'])
    expect(await signatures.find(['c'])).toMatchObject([{ state: null }])
    await signatures.setState('b', 'fixed')
    expect(await signatures.find(['c'])).toMatchObject([{ state: { value: 'fixed', inheritedFrom: 'a' } }])
  })

  it('does not pass through a signature without a stack', async () => {
    const empty = 'EMPTY: no frame data available'
    await first('a', 10)
    await first(empty, 50)
    await first('b', 300)
    await signatures.addBug(empty, 11)
    await changed(['a', empty], [empty, 'b'])
    expect(await signatures.find(['b', empty])).toMatchObject([
      { firstAtMs: { value: 300, inheritedFrom: null } },
      { firstAtMs: { value: 50, inheritedFrom: null } },
    ])
    expect(await signatures.bugsOf(['b'])).toEqual([])
  })

  it('is nothing over a change that was taken back', async () => {
    await first('a', 100)
    await first('b', 50)
    await changed(['a', 'b'], ['b', 'a'])
    expect(await signatures.find(['a', 'b'])).toMatchObject([
      { firstAtMs: { value: 100, inheritedFrom: null } },
      { firstAtMs: { value: 50, inheritedFrom: null } },
    ])
  })

  it('ends in a circle of changes', async () => {
    for (const [n, name] of ['a', 'b', 'c'].entries()) await first(name, 100 + n)
    await changed(['a', 'b'], ['b', 'c'], ['c', 'a'])
    expect(await signatures.find(['c'])).toMatchObject([{ firstAtMs: { value: 100, inheritedFrom: 'a' } }])
  })
})

describe('the books of signatures', () => {
  it('keep the lowest first date and build, whatever comes later', async () => {
    await first('a', 200, null)
    await first('a', 300, 5)
    await first('a', 100, 9)
    await first('a', 400, null)
    expect(await signatures.find(['a'])).toMatchObject([{ firstAtMs: { value: 100 }, firstBuild: { value: 5 } }])
  })

  it('keep the highest count of a change, whatever comes later', async () => {
    for (const [crashes, atMs] of [
      [2, 1],
      [5, 2],
      [3, 3],
    ] as const) {
      await signatures.recordChanges([{ oldSignature: 'a', newSignature: 'b', crashes }], atMs)
    }
    expect(await signatures.changesOf('a')).toEqual([
      { oldSignature: 'a', newSignature: 'b', crashes: 5, firstAtMs: 1, lastAtMs: 2 },
    ])
  })

  it('take signatures as they are: quotes, wildcards, what looks like SQL or a number', async () => {
    const names = [`'; drop table signatures; --`, 'a%', '42', 'f("x")', '\\', 'é💥']
    for (const name of names) await first(name, 1)
    await changed(...names.map((name) => [`old ${name}`, name] as const))
    expect((await signatures.find(names)).map(({ signature }) => signature)).toEqual(names)
    expect(await signatures.withoutFirst([...names, 'new'])).toEqual(['new'])
    const changes = names.map((name) => ({ oldSignature: `old ${name}`, newSignature: name, crashes: 1 }))
    expect(await signatures.unrecordedChanges(changes)).toEqual([])
    expect(await signatures.unrecordedChanges(changes.map((change) => ({ ...change, crashes: 2 })))).toHaveLength(6)
  })
})
