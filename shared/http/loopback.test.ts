import { describe, expect, it } from 'vitest'
import { isLoopback } from './loopback.ts'

describe('isLoopback', () => {
  it.each([
    ['http://localhost:8787/signin', 'localhost:8787'],
    ['http://127.0.0.1/signin', '127.0.0.1'],
    ['http://[::1]:9000/signin', '[::1]:9000'],
    ['http://localhost:8787/signin', null],
  ])('takes %s with Host %s', (url, host) => {
    expect(isLoopback(url, host)).toBe(true)
  })

  it.each([
    ['https://crash-stats.example/signin', 'crash-stats.example'],
    ['http://localhost:8787/signin', 'crash-stats.example'],
    ['https://crash-stats.example/signin', 'localhost'],
    ['http://localhost.evil.example/', 'localhost.evil.example'],
    ['http://localhost/', 'localhost@evil.example'],
    ['http://127.0.0.2/', '127.0.0.2'],
    ['http://localhost/', ''],
    ['http://0.0.0.0/', '0.0.0.0'],
  ])('refuses %s with Host %s', (url, host) => {
    expect(isLoopback(url, host)).toBe(false)
  })
})
