import { CLIENT_SCRIPT, FAVICON, STYLE_SHEET } from './asset-files.ts'

/**
 * What answers everybody also where crashes are private (CRASH_ACCESS, DESIGN.md section 8): health, sign-in and what its page needs, and the page of
 * a crash for whoever sent it, whose address is its own key. All that is not listed here is closed.
 */
const OPEN_PATHS: ReadonlySet<string> = new Set([
  '/__heartbeat__',
  '/__lbheartbeat__',
  '/__version__',
  '/robots.txt',
  '/favicon.ico',
  FAVICON.path,
  STYLE_SHEET.path,
  CLIENT_SCRIPT.path,
  '/signin',
  '/signout',
])
const PERSON_PATH = /^\/crash\/[^/]+$/

/** Whether a path, as the router sees it, is open to everybody. A slash at the end does not matter to the router. */
export function isOpenPath(path: string): boolean {
  const bare = path.replace(/\/$/, '')
  return OPEN_PATHS.has(bare) || PERSON_PATH.test(bare)
}

/** Whether the API answers: it asks for credentials itself, and refuses in its own form. */
export function isApiPath(path: string): boolean {
  return path === '/api' || path.startsWith('/api/')
}
