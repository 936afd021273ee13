/** Which addresses an upload by URL may be fetched from. */
export interface DownloadHosts {
  /** Host names, compared whole. */
  readonly hosts: ReadonlySet<string>
  /** Origins such as `http://127.0.0.1:9000`, which only a development fleet knows. */
  readonly devOrigins: ReadonlySet<string>
}

export type DownloadUrl =
  | { readonly kind: 'allowed'; readonly url: URL }
  | { readonly kind: 'refused'; readonly reason: 'insecure_url' | 'not_allowed_domain'; readonly text: string }

const HOST_NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?$/
const LOOPBACK_ORIGIN = /^http:\/\/127\.0\.0\.1:\d{1,5}$/

/**
 * Reads UPLOAD_BY_URL_HOSTS. An entry is a host name; an address (`10.0.0.1`), a port or a path is none and throws, which stops the Worker's
 * start: a security setting is never guessed. `http://127.0.0.1:PORT` is heeded in development and nowhere else.
 */
export function readDownloadHosts(list: string, isDevelopment: boolean): DownloadHosts {
  const entries = list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const wrong = entries.find((entry) => !HOST_NAME.test(entry) && !LOOPBACK_ORIGIN.test(entry))
  if (wrong !== undefined) {
    throw new Error(`UPLOAD_BY_URL_HOSTS: "${wrong}" is no host name such as builds.example.com`)
  }
  return {
    hosts: new Set(entries.filter((entry) => HOST_NAME.test(entry))),
    devOrigins: new Set(isDevelopment ? entries.filter((entry) => LOOPBACK_ORIGIN.test(entry)) : []),
  }
}

/**
 * Whether we may fetch this address: https, a host of the list to the letter, the default port, no user name. It is asked for the
 * address that a client gives and for every address that a server sends us on to (the peer asks only for the first: specs/symbols.md 1.3
 * BUG). An IP address in any notation is no host of the list; URL parsing has turned `0x7f.1` into `127.0.0.1` by then.
 */
export function checkDownloadUrl(text: string, { hosts, devOrigins }: DownloadHosts): DownloadUrl {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && devOrigins.has(url.origin) && hasNoUser(url)) return { kind: 'allowed', url }
  if (url?.protocol !== 'https:') return { kind: 'refused', reason: 'insecure_url', text: 'Insecure URL' }
  if (hosts.has(url.hostname) && url.port === '' && hasNoUser(url)) return { kind: 'allowed', url }
  const said = `Not an allowed domain ('${url.host.slice(0, MAX_SHOWN_HOST_CHARS)}') to download from.`
  return { kind: 'refused', reason: 'not_allowed_domain', text: said }
}

const MAX_SHOWN_HOST_CHARS = 100

function hasNoUser({ username, password }: URL): boolean {
  return username === '' && password === ''
}
