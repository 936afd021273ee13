/** Where people go when nothing (or nothing safe) says where. */
const HOME = '/'
/** Any origin will do: only a text that leaves it is refused. */
const SOME_ORIGIN = 'https://mayday.invalid'
const MAX_NEXT_CHARS = 2_000

/**
 * The path of this site to go to after sign-in, from a text that a stranger may have written into a link.
 * Anything that a browser could read as another site (`//evil.example`, `/\evil.example`, `/<tab>/evil.example`,
 * `https:evil.example`) becomes `/`, and so does the sign-in page itself.
 */
export function nextPath(text: string | null | undefined): string {
  if (text === null || text === undefined || text.length > MAX_NEXT_CHARS || !/^\/(?![/\\])/.test(text)) return HOME
  if (!URL.canParse(text, SOME_ORIGIN)) return HOME
  const url = new URL(text, SOME_ORIGIN)
  if (url.origin !== SOME_ORIGIN || url.pathname.startsWith('//')) return HOME
  if (/^\/sign(?:in|out)\/?$/.test(url.pathname)) return HOME
  return `${url.pathname}${url.search}${url.hash}`
}
