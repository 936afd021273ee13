import { describe, expect, it } from 'vitest'
import { type RoutedStage, stageOf } from './routes.ts'

const routes: readonly (readonly [path: string, stage: RoutedStage])[] = [
  ['/submit', 'collector'],
  ['/api/collector/counts', 'collector'],
  ['/upload/', 'symbols'],
  ['/upload/v2/', 'symbols'],
  ['/api/syminfo/xul.dll/651C9AF99241000', 'symbols'],
  ['/api/uploads/upload/1', 'symbols'],
  ['/api/stats/', 'symbols'],
  ['/try/xul.pdb/44E4EC8C2F41492B9369D6B9A059577C2/xul.sym', 'symbols'],
  ['/buildid/dfb85de4/debuginfo', 'symbols'],
  ['/symbols/partial', 'symbols'],
  ['/try/buildid/dfb85de4/debuginfo', 'symbols'],
  ['/k/0123/xul.pdb/44E4EC8C2/xul.sym', 'symbols'],
  ['/index2.txt', 'symbols'],
  ['/pingme.txt', 'symbols'],
  ['/symbolicate/v5', 'symbolication'],
  ['/crash-ping', 'symbolication'],
  ['/xul.pdb/44E4EC8C2F41492B9369D6B9A059577C2/xul.sym', 'symbols'],
  ['/a b.pdb/ABC1/a%20b.sym', 'symbols'],
  ['/', 'dashboard'],
  ['/search/', 'dashboard'],
  ['/report/index/3f3a1f0e-5f6c-4d1b-9d0c-8a6a40261123', 'dashboard'],
  ['/api/ProcessedCrash/', 'dashboard'],
  ['/symbols/', 'dashboard'],
  ['/submitter', 'dashboard'],
  // A page whose second segment happens to be hexadecimal is still a page.
  ['/assets/deadbeef/x.css', 'dashboard'],
  // Specs C20: PUT is 405 in the symbol server's words. Symbolicator's unified layout has the same shape.
  ['/xul.pdb/44E4EC8C2F41492B9369D6B9A059577C2/xul.sym', 'symbols'],
  ['/df/b85de42daffd09640c8fe377d572de3e168920/breakpad', 'symbols'],
  // The first segment of a two-tier store.
  ['/fo/foo.pdb/44E4EC8C2/foo.pdb', 'dashboard'],
]

describe('the routing table (DESIGN.md section 1)', () => {
  it.each(routes)('%s goes to %s', (path, stage) => {
    expect(stageOf(path)).toBe(stage)
  })
})
