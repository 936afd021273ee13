import { describe, expect, it } from 'vitest'
import { clientAddress } from './client-address.ts'

const of = (address: string) => clientAddress(new Headers({ 'CF-Connecting-IP': address }))

describe('what rate limits count by', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '::ffff:192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:2::', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['2001:db8::2:3:4:5:6', '2001:db8:0:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
  ])('%s is %s', (address, key) => {
    expect(of(address)).toBe(key)
  })

  it('is one for all where the platform names nobody, whatever a client writes', () => {
    expect(clientAddress(new Headers({ 'X-Forwarded-For': '192.0.2.7' }))).toBe('unknown')
    expect(of(' ')).toBe('unknown')
  })
})
