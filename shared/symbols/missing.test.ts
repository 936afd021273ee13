import { describe, expect, it } from 'vitest'
import { parseSymbolKey } from './key.ts'
import { isModuleCodeId, missOf, moduleStem } from './missing.ts'
import { symFileName } from './sym-file-name.ts'

const ID = '44E4EC8C2F41492B9369D6B9A059577C2'

function missOfPath(path: string) {
  const key = parseSymbolKey(path)
  if (key === null) throw new Error(`${path} is no key`)
  return missOf(key)
}

describe('what a request that finds nothing misses', () => {
  it.each([
    [`xul.pdb/${ID.toLowerCase()}/xul.sym`, { debugFile: 'xul.pdb', debugId: ID }],
    [`libxul.so/${ID}/libxul.so.sym`, { debugFile: 'libxul.so', debugId: ID }],
    [`Electron Framework/${ID}0AB/Electron Framework.sym`, { debugFile: 'Electron Framework', debugId: `${ID}0AB` }],
  ])('%s: the module of a debug id', (path, names) => {
    expect(missOfPath(path)).toEqual({ codeFile: null, codeId: null, ...names })
  })

  it('a short id is a code id, and the name of the sym file is anybody’s guess', () => {
    const miss = { debugFile: null, debugId: null, codeFile: 'xul.dll', codeId: '651C9AF99241000' }
    expect(missOfPath('xul.dll/651c9af99241000/x.sym')).toEqual(miss)
  })

  it.each([
    `xul.pdb/${ID}/xul.pdb`,
    `xul.pdb/${ID}/xul.pd_`,
    `xul.pdb/${ID}/other.sym`,
    `libxul.so/${ID}/libxul.sym`,
    `xul.pdb/${'0'.repeat(33)}/xul.sym`,
    `xul.pdb/${ID}${ID}/xul.sym`,
    'xul.pdb/AB/xul.sym',
  ])('%s: nothing that an upload could mend', (path) => {
    expect(missOfPath(path)).toBeNull()
  })
})

describe('names of modules', () => {
  it('crashes and requests meet at one stem', () => {
    expect(['XUL.dll', 'xul.pdb', 'xul.exe', 'libxul.so', 'XUL'].map(moduleStem)).toEqual([
      'xul',
      'xul',
      'xul',
      'libxul.so',
      'xul',
    ])
  })

  it('the sym file of a .pdb takes its place, another keeps the name', () => {
    expect(['xul.pdb', 'XUL.PDB', 'libxul.so', 'a.pdb.so'].map(symFileName)).toEqual([
      'xul.sym',
      'XUL.sym',
      'libxul.so.sym',
      'a.pdb.so.sym',
    ])
  })

  it('a code id is a PE file’s or a build id', () => {
    expect(['5C0FFEE12000', 'A'.repeat(40), '0'.repeat(16), '12', 'x'].map(isModuleCodeId)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })
})
