import { describe, expect, it } from 'vitest'
import { checkDownloadUrl, readDownloadHosts } from './download-url.ts'

const hosts = readDownloadHosts('builds.example.com, ci.example.com,http://127.0.0.1:9000', true)
const production = readDownloadHosts('builds.example.com,http://127.0.0.1:9000', false)

describe('checkDownloadUrl', () => {
  it.each([
    'https://builds.example.com/symbols.zip',
    'https://builds.example.com:443/symbols.zip',
    'HTTPS://Builds.Example.Com/symbols.zip?x=1',
    'https://ci.example.com/a%20b.zip',
    'http://127.0.0.1:9000/symbols.zip',
  ])('allows %s', (url) => {
    expect(checkDownloadUrl(url, hosts).kind).toBe('allowed')
  })

  it.each([
    ['http://builds.example.com/symbols.zip', 'insecure_url'],
    ['ftp://builds.example.com/symbols.zip', 'insecure_url'],
    ['file:///etc/passwd', 'insecure_url'],
    ['data:application/zip,PK', 'insecure_url'],
    ['//builds.example.com/symbols.zip', 'insecure_url'],
    ['symbols.zip', 'insecure_url'],
    ['', 'insecure_url'],
    ['http://127.0.0.1:9001/symbols.zip', 'insecure_url'],
    ['http://localhost:9000/symbols.zip', 'insecure_url'],
    ['http://u@127.0.0.1:9000/symbols.zip', 'insecure_url'],
    ['https://notallowed.example.com/symbols.zip', 'not_allowed_domain'],
    ['https://sub.builds.example.com/symbols.zip', 'not_allowed_domain'],
    ['https://builds.example.com.evil.test/symbols.zip', 'not_allowed_domain'],
    ['https://evilbuilds.example.com/symbols.zip', 'not_allowed_domain'],
    ['https://builds.example.com./symbols.zip', 'not_allowed_domain'],
    ['https://builds.example.com:8443/symbols.zip', 'not_allowed_domain'],
    ['https://builds.example.com:80/symbols.zip', 'not_allowed_domain'],
    ['https://user@builds.example.com/symbols.zip', 'not_allowed_domain'],
    ['https://user:secret@builds.example.com/symbols.zip', 'not_allowed_domain'],
    ['https://builds.example.com@evil.test/symbols.zip', 'not_allowed_domain'],
    ['https://evil.test\\@builds.example.com/symbols.zip', 'not_allowed_domain'],
    ['https://evil.test#@builds.example.com/symbols.zip', 'not_allowed_domain'],
    ['https://127.0.0.1/symbols.zip', 'not_allowed_domain'],
    ['https://127.1/symbols.zip', 'not_allowed_domain'],
    ['https://0x7f.0.0.1/symbols.zip', 'not_allowed_domain'],
    ['https://0x7f000001/symbols.zip', 'not_allowed_domain'],
    ['https://0177.0.0.1/symbols.zip', 'not_allowed_domain'],
    ['https://2130706433/symbols.zip', 'not_allowed_domain'],
    ['https://[::1]/symbols.zip', 'not_allowed_domain'],
    ['https://[::ffff:127.0.0.1]/symbols.zip', 'not_allowed_domain'],
    ['https://[::ffff:7f00:1]/symbols.zip', 'not_allowed_domain'],
    ['https://169.254.169.254/latest/meta-data', 'not_allowed_domain'],
    ['https://localhost/symbols.zip', 'not_allowed_domain'],
    ['https://buılds.example.com/symbols.zip', 'not_allowed_domain'],
  ] as const)('refuses %s: %s', (url, reason) => {
    expect(checkDownloadUrl(url, hosts)).toMatchObject({ kind: 'refused', reason })
  })

  it('C13: the peer’s texts', () => {
    expect(checkDownloadUrl('http://example.com/symbols.zip', hosts)).toMatchObject({ text: 'Insecure URL' })
    expect(checkDownloadUrl('https://notallowed.example.com/symbols.zip', hosts)).toMatchObject({
      text: "Not an allowed domain ('notallowed.example.com') to download from.",
    })
  })

  it('the loopback of development is closed in production', () => {
    expect(checkDownloadUrl('http://127.0.0.1:9000/symbols.zip', production)).toMatchObject({ reason: 'insecure_url' })
    expect(checkDownloadUrl('https://builds.example.com/symbols.zip', production).kind).toBe('allowed')
  })
})

describe('readDownloadHosts', () => {
  it.each([
    '10.0.0.1',
    'https://builds.example.com',
    'builds.example.com:8443',
    'http://10.0.0.1:80',
    'http://127.0.0.1',
    '*',
    '[::1]',
    'localhost',
    'a b.example.com',
  ])('an entry that is no host name stops the start: %s', (list) => {
    expect(() => readDownloadHosts(list, true)).toThrow('is no host name')
  })

  it('nothing is allowed where nothing is configured', () => {
    expect(readDownloadHosts('', true)).toEqual({ hosts: new Set(), devOrigins: new Set() })
  })
})
