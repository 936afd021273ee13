import { describe, expect, it } from 'vitest'
import { type RoutedStage, stageOf } from './routes.ts'

const routes: readonly (readonly [method: string, path: string, stage: RoutedStage])[] = [
  ['POST', '/submit', 'collector'],
  ['GET', '/api/collector/counts', 'collector'],
  ['POST', '/upload/', 'symbols'],
  ['POST', '/upload/v2/', 'symbols'],
  ['GET', '/api/syminfo/xul.dll/651C9AF99241000', 'symbols'],
  ['GET', '/api/uploads/upload/1', 'symbols'],
  ['GET', '/api/stats/', 'symbols'],
  ['GET', '/try/xul.pdb/44E4EC8C2F41492B9369D6B9A059577C2/xul.sym', 'symbols'],
  ['GET', '/buildid/dfb85de4/debuginfo', 'symbols'],
  ['POST', '/symbols/partial', 'symbols'],
  ['GET', '/k/0123/xul.pdb/44E4EC8C2/xul.sym', 'symbols'],
  ['GET', '/index2.txt', 'symbols'],
  ['GET', '/pingme.txt', 'symbols'],
  ['POST', '/symbolicate/v5', 'symbolication'],
  ['POST', '/crash-ping', 'symbolication'],
  ['GET', '/xul.pdb/44E4EC8C2F41492B9369D6B9A059577C2/xul.sym', 'symbols'],
  ['HEAD', '/a b.pdb/ABC1/a%20b.sym', 'symbols'],
  ['GET', '/', 'dashboard'],
  ['GET', '/search/', 'dashboard'],
  ['GET', '/report/index/3f3a1f0e-5f6c-4d1b-9d0c-8a6a40261123', 'dashboard'],
  ['GET', '/api/ProcessedCrash/', 'dashboard'],
  ['GET', '/symbols/', 'dashboard'],
  ['GET', '/submitter', 'dashboard'],
  // A page whose second segment happens to be hexadecimal is still a page.
  ['GET', '/assets/deadbeef/x.css', 'dashboard'],
  ['POST', '/xul.pdb/44E4EC8C2F41492B9369D6B9A059577C2/xul.sym', 'dashboard'],
]

describe('the routing table (DESIGN.md section 1)', () => {
  it.each(routes)('%s %s goes to %s', (method, path, stage) => {
    expect(stageOf(method, path)).toBe(stage)
  })
})
