import { describe, expect, it } from 'vitest'
import { decideOwnership, decideQuota } from './ownership.ts'

const uploader = (product: string | null, isAdmin = false) => ({
  uploadId: 1,
  email: 'a@example.com',
  product,
  isAdmin,
  trySymbols: false,
})

describe('who may store under an owned debug file and id', () => {
  it.each([
    ['its own product', 'Fox', uploader('Fox'), 'granted'],
    ['another product', 'Fox', uploader('Bird'), 'refused'],
    ['another product’s administrator', 'Fox', uploader('Bird', true), 'granted'],
    ['a token of the whole deployment', 'Fox', uploader(null), 'granted'],
    ['a product, where the deployment was first', null, uploader('Bird'), 'refused'],
    ['the deployment, where it was first', null, uploader(null), 'granted'],
    ['a product whose name differs in case', 'Fox', uploader('fox'), 'refused'],
  ])('%s', (_, product, asks, kind) => {
    expect(decideOwnership({ product }, asks).kind).toBe(kind)
  })
})

describe('the quota of a product', () => {
  it.each([
    [100, 50, 0, 'within'],
    [100, 50, 151, 'within'],
    [100, 50, 150, 'within'],
    [100, 50, 149, 'exceeded'],
    [0, 1, 1, 'within'],
    [0, 2, 1, 'exceeded'],
  ])('%i bytes used and %i more of %i are %s', (used, incoming, quota, kind) => {
    expect(decideQuota('Fox', used, incoming, quota).kind).toBe(kind)
  })

  it('says how much is there and what to do', () => {
    expect(decideQuota('Fox', 100, 50, 120)).toMatchObject({
      text: expect.stringMatching(/^Fox has 100 .* 50 .* 120 .*administrator$/),
    })
  })
})
