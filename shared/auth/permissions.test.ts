import { describe, expect, it } from 'vitest'
import { may, PERMISSIONS, permissionsOf, withoutProtected } from './permissions.ts'

describe('withoutProtected', () => {
  it.each(['investigators', 'admins'] as const)('leaves %s all but the view of protected data', (group) => {
    const viewer = { email: 'ada@example.com', permissions: permissionsOf([group]), tokenId: '0a1b2c3d' }
    const reduced = withoutProtected(viewer)
    expect(reduced).toMatchObject({ email: 'ada@example.com', tokenId: '0a1b2c3d' })
    const lost = PERMISSIONS.filter((permission) => may(viewer, permission) && !may(reduced, permission))
    expect(lost).toEqual(group === 'admins' ? ['view_pii', 'view_rawdump', 'admin'] : ['view_pii', 'view_rawdump'])
  })
})
