/** The origin of a fleet's address as people type it, or null when it is not http(s). A path after it is not part of it. */
export function originOf(text: string): string | null {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') ? url.origin : null
}
