import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'

/** The folder that holds package.json, the Workers and the container. */
export const ROOT = path.resolve(import.meta.dirname, '..')

/** Stages with a Worker of their own behind the gateway, in the order of a crash's journey. */
export const STAGES = [
  'collector',
  'processor',
  'stackwalker',
  'symbols',
  'indexer',
  'symbolication',
  'search',
  'dashboard',
  'scheduler',
] as const

/** The version that `/__version__` answers and `mayday --version` prints. */
export function maydayVersion(): string {
  const text = readFileSync(path.join(ROOT, 'package.json'), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version
}
