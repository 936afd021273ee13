const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Whether a request was sent to the machine it was made on, by the names that `mayday start` prints, on any port.
 * Both the URL and the Host header must say so: a rebound DNS name (`attacker.example` → 127.0.0.1) or a proxy shows in one of them.
 */
export function isLoopback(requestUrl: string, hostHeader: string | null): boolean {
  const named = (authority: string) =>
    URL.canParse(`http://${authority}/`) && LOOPBACK_HOSTS.has(new URL(`http://${authority}/`).hostname)
  return LOOPBACK_HOSTS.has(new URL(requestUrl).hostname) && (hostHeader === null || named(hostHeader))
}
