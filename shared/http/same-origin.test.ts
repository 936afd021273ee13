import { describe, expect, it } from 'vitest'
import { refuseOtherOrigin } from './same-origin.ts'

const URL_HERE = 'http://localhost:8787/signin'

describe('refuseOtherOrigin', () => {
  it.each([
    ['a form of our own page', { Origin: 'http://localhost:8787', 'Sec-Fetch-Site': 'same-origin' }, null],
    ['an older browser that sends Origin alone', { Origin: 'http://localhost:8787' }, null],
    ['a request without any word of its origin', {}, 'no_origin'],
    ['Origin: null', { Origin: 'null' }, 'cross_origin'],
    ['another port', { Origin: 'http://localhost:9999' }, 'cross_origin'],
    ['another scheme', { Origin: 'https://localhost:8787' }, 'cross_origin'],
    ['another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }, 'cross_origin'],
    ['a sibling subdomain', { 'Sec-Fetch-Site': 'same-site' }, 'cross_origin'],
    ['a typed address, which posts nothing by itself', { 'Sec-Fetch-Site': 'none' }, 'cross_origin'],
    ['headers that disagree', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' }, 'cross_origin'],
  ])('answers for %s', (_, headers, expected) => {
    expect(refuseOtherOrigin(new Headers(headers), URL_HERE)).toBe(expected)
  })
})
