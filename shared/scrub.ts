/**
 * Takes out of free text what tells of the person: user names in home paths, e-mail addresses, URL queries and logins, long secrets
 * (DESIGN.md section 5). What it leaves is still good to group crashes by, and JSON stays JSON. Doing it again changes nothing. Linear in
 * the text's length: every pattern starts with a fixed mark or has a bounded run, so no text makes it slow.
 */
export function scrubFreeText(text: string): string {
  return withoutSecrets(withoutEmails(withoutHomes(withoutUrlParts(text))))
}

/** Where an address with a query begins. A scheme before `://` is of no interest. */
const URL_TAIL = /(:\/\/|about:|www\.)([^\s"'<>]*)/gi

/** `https://name:password@host/path?token=1` → `https://<user>@host/path?<query>`. */
function withoutUrlParts(text: string): string {
  return text.replace(URL_TAIL, (_, start: string, rest: string) => {
    // In JSON a quote is `\"`: the backslash belongs to it.
    const end = isEscaped(rest, rest.length) ? rest.length - 1 : rest.length
    const tail = rest.slice(0, end)
    const query = tail.indexOf('?')
    const path = query === -1 ? tail : tail.slice(0, query)
    const hasQuery = query !== -1 && query + 1 < tail.length
    const shownQuery = query === -1 ? '' : hasQuery ? '?<query>' : '?'
    return `${start}${withoutLogin(path)}${shownQuery}${rest.slice(end)}`
  })
}

function withoutLogin(path: string): string {
  const slash = path.indexOf('/')
  const host = slash === -1 ? path : path.slice(0, slash)
  const at = host.lastIndexOf('@')
  return at < 1 ? path : `<user>${path.slice(at)}`
}

const SEPARATOR = String.raw`(?:[\\/]|%2[Ff]|%5[Cc])`
/** `/home/` and macOS' `/Users/`; an account's name has no space there. */
const UNIX_HOME = new RegExp(String.raw`((?:\/|%2[Ff])(?:home|Users)${SEPARATOR}{1,4})([^\\/\s"'<>:;,)]+)`, 'g')
/** `C:\Users\`, also in JSON, where each backslash is two. A name may have spaces, if a separator ends it. */
const WINDOWS_HOME = new RegExp(
  String.raw`((?:\b[a-z]:${SEPARATOR}{1,4}|\\|%5c)(?:users|documents and settings|documents%20and%20settings)${SEPARATOR}{1,4})` +
    String.raw`(?:[^\\/:*?"<>|\r\n\t%]{1,64}(?=${SEPARATOR})|[^\\/:*?"'<>|\s]{1,256})`,
  'gi',
)

function withoutHomes(text: string): string {
  return text.replace(WINDOWS_HOME, '$1<user>').replace(UNIX_HOME, '$1<user>')
}

const LOCAL_PART = /[\p{L}\p{N}._%+-]/u
const HOST_PART = /[\p{L}\p{N}.-]/u
const TOP_LEVEL_DOMAIN = /^\p{L}{2,}$/u

/** Looks at each `@` and reads outwards up to the one before: a pattern would try every start of a long word. */
function withoutEmails(text: string): string {
  let scrubbed = ''
  let copied = 0
  let markBefore = 0
  for (const mark of text.matchAll(/@|%40/g)) {
    if (mark.index < copied) continue
    let start = mark.index
    while (start > Math.max(copied, markBefore) && LOCAL_PART.test(text.charAt(start - 1))) start--
    markBefore = mark.index + mark[0].length
    start += escapeChars(text, start)
    const end = endOfHost(text, markBefore)
    if (start >= mark.index || end === null) continue
    scrubbed += `${text.slice(copied, start)}<email>`
    copied = end
  }
  return scrubbed + text.slice(copied)
}

/** Where the host name that starts here ends; null where there is none with a top-level domain: `Foo@1a2b3c4d` is a Java object. */
function endOfHost(text: string, start: number): number | null {
  let end = start
  while (end < text.length && HOST_PART.test(text.charAt(end))) end++
  while (end > start && /[.-]/.test(text.charAt(end - 1))) end--
  const dot = text.slice(start, end).lastIndexOf('.')
  return dot > 0 && TOP_LEVEL_DOMAIN.test(text.slice(start + dot + 1, end)) ? end : null
}

const MIN_SECRET_CHARS = 32
const HEX_RUN = new RegExp(`[0-9a-f]{${MIN_SECRET_CHARS},}`, 'gi')
const BASE64_RUN = new RegExp(`[A-Za-z0-9+/_-]{${MIN_SECRET_CHARS},}={0,2}`, 'g')

function withoutSecrets(text: string): string {
  const noHex = text.replace(HEX_RUN, (run, at: number) => secretOut(text, run, at))
  return noHex.replace(BASE64_RUN, (run, at: number) => (looksRandom(run) ? secretOut(noHex, run, at) : run))
}

function secretOut(text: string, run: string, at: number): string {
  const kept = escapeChars(text, at)
  return run.length - kept < MIN_SECRET_CHARS ? run : `${run.slice(0, kept)}<secret>`
}

/** How many characters at this place belong to a JSON escape that began before it: `\n` before a word must not become `\<email>`. */
function escapeChars(text: string, at: number): number {
  if (isEscaped(text, at)) return text.charAt(at) === 'u' ? 5 : 1
  return text.charAt(at - 1) === 'u' && isEscaped(text, at - 1) ? 4 : 0
}

/** Whether an odd number of backslashes stands before this place. */
function isEscaped(text: string, at: number): boolean {
  let first = at
  while (first > 0 && text.charAt(first - 1) === '\\') first--
  return (at - first) % 2 === 1
}

/** Of 31 neighbours in random base64 about 15 are of another class; in `CamelCaseWords/and_paths` five. */
const MIN_CLASS_CHANGES = 8

/**
 * Tells a secret from a long identifier or path: some 32 letters and digits in a row, with both among them, change class (lower, upper, digit)
 * often. A capital before a small letter is how words begin and does not count.
 */
function looksRandom(run: string): boolean {
  const letters = run.replace(/[^A-Za-z0-9]/g, '')
  const changes: boolean[] = []
  let changesInWindow = 0
  let digitsInWindow = 0
  for (let at = 0; at < letters.length; at++) {
    const before = classOf(letters.charAt(at - 1))
    const here = classOf(letters.charAt(at))
    changes[at] = at > 0 && before !== here && !(before === 'upper' && here === 'lower')
    if (changes[at]) changesInWindow++
    if (here === 'digit') digitsInWindow++
    const left = at - MIN_SECRET_CHARS
    if (left >= 0) {
      if (changes[left]) changesInWindow--
      if (classOf(letters.charAt(left)) === 'digit') digitsInWindow--
    }
    if (changesInWindow >= MIN_CLASS_CHANGES && digitsInWindow > 0) return true
  }
  return false
}

function classOf(char: string): 'lower' | 'upper' | 'digit' {
  return char >= 'a' ? 'lower' : char >= 'A' ? 'upper' : 'digit'
}
