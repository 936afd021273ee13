/** Behind no proxy of the platform nobody says who asks: all count as one. */
const NOBODY = 'unknown'
/** 16-bit groups of an IPv6 network that one customer gets: /64. */
const NETWORK_GROUPS = 4

/**
 * What rate limits count by: the address that the platform says a request came from. An IPv6 address counts as its /64, because whoever has one address of
 * it has all. Never `X-Forwarded-For`, which the client writes.
 */
export function clientAddress(headers: Headers): string {
  const address = headers.get('CF-Connecting-IP')?.trim().toLowerCase() ?? ''
  if (address === '') return NOBODY
  return address.includes(':') && !address.includes('.') ? network(address) : address
}

/** `2001:db8::1` → `2001:db8:0:0::/64`. */
function network(address: string): string {
  const [left = '', right] = address.split('::')
  const groups = left === '' ? [] : left.split(':')
  const behind = right === undefined || right === '' ? [] : right.split(':')
  const zeros = right === undefined ? 0 : Math.max(0, 8 - groups.length - behind.length)
  const all = [...groups, ...new Array<string>(zeros).fill('0'), ...behind]
  const shown = all.slice(0, NETWORK_GROUPS).map((group) => group.replace(/^0+(?=.)/, ''))
  return `${shown.join(':')}::/64`
}
