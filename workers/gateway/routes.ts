/** The stages that answer HTTP on the one origin. */
export type RoutedStage = 'collector' | 'symbols' | 'symbolication' | 'dashboard'

/** Path prefixes of each stage, in the order of DESIGN.md section 1. A prefix ends at a segment's end. */
export const ROUTED_PREFIXES: readonly (readonly [prefix: string, stage: RoutedStage])[] = [
  ['/submit', 'collector'],
  ['/api/collector', 'collector'],
  ['/upload', 'symbols'],
  ['/api/syminfo', 'symbols'],
  ['/api/uploads', 'symbols'],
  ['/api/stats', 'symbols'],
  ['/try', 'symbols'],
  ['/buildid', 'symbols'],
  ['/symbols/partial', 'symbols'],
  ['/k', 'symbols'],
  ['/index2.txt', 'symbols'],
  ['/pingme.txt', 'symbols'],
  ['/symbolicate', 'symbolication'],
  ['/crash-ping', 'symbolication'],
]

/** First segments that belong to pages, so that `/report/…` is never taken for a debug file's name. */
const DASHBOARD_SEGMENTS = new Set([
  'api',
  'assets',
  'crash',
  'docs',
  'report',
  'search',
  'signature',
  'signin',
  'signout',
  'symbols',
  'topcrashers',
])

/** `/<debug file>/<debug id>/<file>`, the Microsoft symbol-server layout. */
const SYMBOL_PATH = /^\/([^/]+)\/[0-9A-Fa-f]+\/[^/]+$/

/**
 * Which stage answers a path, whatever the method: that stage knows what it takes, and says 405 in its own protocol's
 * words.
 */
export function stageOf(path: string): RoutedStage {
  const prefixed = ROUTED_PREFIXES.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))
  if (prefixed !== undefined) return prefixed[1]
  const firstSegment = SYMBOL_PATH.exec(path)?.[1]
  return firstSegment !== undefined && !DASHBOARD_SEGMENTS.has(firstSegment) ? 'symbols' : 'dashboard'
}
